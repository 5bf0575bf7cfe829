#!/usr/bin/env node
// `switchyard`: runs src/main.ts on the Bun that npm installed beside it.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runBun } from './bun.mjs'

const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'main.ts')
// Bun's default lets 256 provider calls run at once and queues the rest in silence; ours is set by our own limit.
runBun([main, ...process.argv.slice(2)], { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: '20000', SWITCHYARD_PARENT_FD: '3' })
