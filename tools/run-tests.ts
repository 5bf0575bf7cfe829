// Runs tests as `bun test` does, half of the files in each of two processes: `npm test`, `npm run test:postgres`. Much of the time one of them
// waits for the database, or for programs that it started.

const PROCESSES = 2

const shards = Array.from({ length: PROCESSES }, (_, at) => Bun.spawn(
  [process.execPath, 'test', `--shard=${at + 1}/${PROCESSES}`, ...process.argv.slice(2)],
  // One is seen as it goes on; what the others write stands behind it, whole.
  { stdin: 'ignore', stdout: at === 0 ? 'inherit' : 'pipe', stderr: at === 0 ? 'inherit' : 'pipe' },
))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => shards.forEach((shard) => shard.kill(signal)))

const ends = shards.map(async ({ stdout, stderr, exited }) => {
  const [out, err, code] = await Promise.all([new Response(stdout ?? '').text(), new Response(stderr ?? '').text(), exited])
  return { out, err, code }
})
for (const end of ends) {
  const { out, err, code } = await end
  process.stdout.write(out)
  process.stderr.write(err)
  if (code !== 0) process.exitCode = code
}

export {}
