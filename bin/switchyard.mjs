#!/usr/bin/env node
// `switchyard`: runs src/main.ts on the Bun that npm installed beside it.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runBun } from './bun.mjs'

const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'main.ts')
// Bun's default lets 256 provider calls run at once and queues the rest in silence; ours is set by our own limit.
// A proxy of the environment is for the outside: Bun's fetch would send calls to this machine through it too.
const direct = [process.env.NO_PROXY ?? process.env.no_proxy, 'localhost', '127.0.0.1', '::1'].filter(Boolean).join(',')
runBun([main, ...process.argv.slice(2)], { ...process.env, NO_PROXY: direct, BUN_CONFIG_MAX_HTTP_REQUESTS: '20000', SWITCHYARD_PARENT_FD: '3' })
