// Debian's Chromium, driven over its own protocol: for what needs a browser with scripts and an authenticator.
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const PROGRAM = '/usr/bin/chromium'

/** Whether there is a Chromium to test with. Says what is missing; with CI set it must be there. */
export function hasChromium(untested = 'passkeys are not tested'): boolean {
  if (existsSync(PROGRAM)) return true
  const what = `${PROGRAM} is not there (Debian: apt-get install chromium): ${untested}`
  if (process.env['CI']) throw new Error(what)
  console.warn(what)
  return false
}

/** A browser without a window. Close it. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
