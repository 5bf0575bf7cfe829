import type { Command } from './command.ts'

/** `switchyard serve`. The server itself is main.ts's. */
export const serveCommand: Command = {
  name: 'serve', summary: 'start the gateway', words: [],
  about: 'The first start makes the data directory, an account with credit and a first key, which it prints once. A line “listening on http://…” on standard output says that it is ready. Stops at ctrl-c or SIGTERM, once the running streams are done.',
  flags: {
    host: { value: '<address>', what: 'address to listen on (SWITCHYARD_HOST, default 127.0.0.1; 0.0.0.0 for every interface)' },
    workers: { value: '<n>', what: 'processes on the one port (SWITCHYARD_WORKERS, default 1)' },
    'no-discover': { what: 'do not look for Ollama, LM Studio, llama.cpp and vLLM on this machine (SWITCHYARD_DISCOVER=false)' },
    'initial-credits': { value: '<usd>', what: "credit of a fresh install's account (SWITCHYARD_INITIAL_CREDITS, default 100)" },
    'max-body-mb': { value: '<n>', what: 'largest request body (SWITCHYARD_MAX_BODY_MB, default 32)' },
    'max-calls': { value: '<n>', what: 'calls at once in one process; more get a 503 (SWITCHYARD_MAX_CALLS, default 10000)' },
    'no-log-calls': { what: 'no line in the log for each call (SWITCHYARD_LOG_CALLS=false)' },
  },
  examples: [
    ['switchyard serve', 'on http://localhost:8787, with ./data'],
    ['switchyard serve --port 9000 --data /var/lib/switchyard --config /etc/switchyard.yaml', 'on a server'],
    ['SWITCHYARD_KEY=sk-my-own-first-key-123 switchyard serve', 'with a first key of your own, for scripts'],
  ],
  run: async ({ context, config }) => await context.serve(config),
}
