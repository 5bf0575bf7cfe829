import { join } from 'node:path'
import { measureAll, pageOf, wordOf } from './matrix.ts'

/** `npm run matrix`: measures the matrix and writes `docs/dialects.md`. */
const places = measureAll()
await Bun.write(join(import.meta.dir, '..', '..', 'docs', 'dialects.md'), pageOf(places))
for (const place of places) if (wordOf(place) === 'LOST') process.stderr.write(`LOST: ${place.name}, ${place.client} → ${place.provider}\n`)
