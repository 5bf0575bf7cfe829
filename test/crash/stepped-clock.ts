import { existsSync, renameSync, writeFileSync } from 'node:fs'

/** Debian's `faketime`: sets the wall clock of one program, worker threads and children too, and leaves the monotonic one alone. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'

/** Whether clocks of whole programs can be set here. */
export function canStepClocks(): boolean {
  return existsSync(FAKETIME)
}

/** The environment of a program whose wall clock is that of a file, which `stepClock` writes. */
export function clockEnvironment(file: string): Record<string, string> {
  return { LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' }
}

/** Sets the clock of that file: so many seconds beside the true time. Whole or not at all, for every look at the time reads it. */
export function stepClock(file: string, seconds: number): void {
  writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
  renameSync(`${file}.new`, file)
}
