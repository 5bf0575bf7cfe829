import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Journal, journalExists, readJournal, removeJournal, type Fsync } from './journal.ts'

const directory = mkdtempSync(join(tmpdir(), 'journal-'))
const path = join(directory, 'node-0.log')
let journal: Journal | undefined

function start(fsync: Fsync = 'never'): Journal {
  journal = new Journal(path, fsync)
  return journal
}

afterEach(async () => {
  await journal?.close(true)
  removeJournal(path)
})

describe('Journal', () => {
  test.each(['always', 'interval', 'never'] as const)('has an appended line in the file when append returns (%s)', (fsync) => {
    start(fsync).append('a')
    expect(readFileSync(path, 'utf8')).toBe('a\n')
  })

  test('writes deferred lines before the next appended one, and by themselves soon', async () => {
    const log = start()
    log.defer('a')
    expect(readJournal(path)).toEqual([])
    log.append('b')
    log.defer('c')
    expect(readJournal(path)).toEqual(['a', 'b'])
    await Bun.sleep(20)
    expect(readJournal(path)).toEqual(['a', 'b', 'c'])
  })

  test('goes on in a new file, and reads as one until the old part is dropped', () => {
    const log = start('interval')
    log.append('a')
    log.defer('b')
    log.rotate(['still open'])
    expect(log.hasOld).toBe(true)
    log.append('c')
    expect(readJournal(path)).toEqual(['a', 'b', 'still open', 'c'])
    log.dropOld()
    expect(log.hasOld).toBe(false)
    expect(readJournal(path)).toEqual(['still open', 'c'])
    expect(log.sizeBytes).toBe('still open\nc\n'.length)
  })

  test('does not begin where another journal lies', () => {
    writeFileSync(path, 'a\n')
    expect(() => start()).toThrow('EEXIST')
    journal = undefined
  })

  test('is removed when all of it is in the store, and stays otherwise', async () => {
    await start().close(true)
    expect(journalExists(path)).toBe(false)
    const log = start()
    log.defer('a')
    await log.close(false)
    expect(readJournal(path)).toEqual(['a'])
    expect(log.writable()).toBe(false)
  })

  test.skipIf(!Bun.which('prlimit'))('keeps what a full disk refused, says so, and writes it when there is room', async () => {
    // The shell limits the size of files to one block of 1,024 bytes; ignoring the signal turns it into an error of write().
    const script = join(import.meta.dir, 'journal-full.fixture.ts')
    const child = Bun.spawn(['bash', '-c', `trap '' XFSZ; ulimit -S -f 1; exec "$0" "$1" "$2"`, process.execPath, script, path], { stdout: 'pipe', stderr: 'inherit' })
    const said: unknown = JSON.parse(await new Response(child.stdout).text())
    expect(said).toEqual({ before: true, threw: 'EFBIG', during: false, after: true })
    const lines = readJournal(path)
    expect(lines.map((line) => line[0])).toEqual(['a', 'b', 'c'])
    expect(lines.map((line) => line.length)).toEqual([600, 600, 1])
    expect(existsSync(path)).toBe(true)
  })
})
