#!/usr/bin/env node
// Runs Bun as npm brought it, with or without install scripts: `node bin/bun.mjs <arguments of bun>`.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/** The path of a Bun binary that npm installed. Throws with what to do when there is none. */
export function bunPath() {
  const found = candidates().find((path) => existsSync(path) && statSync(path).size > 1_000_000)
  if (found) return found
  throw new Error(`no Bun binary for ${process.platform}-${process.arch} in node_modules: run \`npm install\` again (with optional dependencies)`)
}

function candidates() {
  const exe = process.platform === 'win32' ? 'bun.exe' : 'bun'
  const base = `bun-${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`
  const musl = process.platform === 'linux' && !process.report?.getReport().header.glibcVersionRuntime
  const names = musl ? [`${base}-musl`, `${base}-musl-baseline`] : [base, `${base}-baseline`]
  const paths = names.map((name) => packageFile(`@oven/${name}`, join('bin', exe)))
  // Bun's install script, where npm runs it, moves the platform package's binary here.
  return [packageFile('bun', join('bin', 'bun.exe')), ...paths].filter((path) => path !== undefined)
}

function packageFile(name, file) {
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), file)
  } catch {
    // An optional package of another platform is simply not there.
    return undefined
  }
}

/**
 * Runs Bun in this process's place: same streams, same exit code, signals passed on. The child holds one end of a
 * pipe on descriptor 3 and leaves when it closes, so that `kill -9` of this process leaves nothing behind.
 */
export function runBun(args, env = process.env) {
  const child = spawn(bunPath(), args, { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`switchyard: cannot start Bun: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal) process.kill(process.pid, 'SIGKILL')
    process.exit(code ?? 1)
  })
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) runBun(process.argv.slice(2))
