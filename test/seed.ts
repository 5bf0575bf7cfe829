import fc from 'fast-check'

// The same examples at every run, so that a red run is about the change in hand. `FAST_CHECK_SEED=random` looks for new ones.
const seed = process.env['FAST_CHECK_SEED']
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed ?? 20_261_120) })
