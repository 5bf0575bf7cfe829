// The thread that reports are made in, so that nobody who settles waits for one.
import { audit } from './audit.ts'
import { readAppUses, readModelDays, readSessionCells } from './data-set-rows.ts'
import { openForReports } from './database.ts'
import type { StorePlace } from './protocol.ts'
import type { ReportMessage, ReportRequest } from './report-client.ts'
import { readKnownKeys, readReport, readTagNames } from './report-rows.ts'
import type { Database } from './sql.ts'
import { walletSums } from './wallet-rows.ts'

declare const self: Worker

let database: Database | undefined

async function answer({ place, ask }: ReportRequest): Promise<unknown> {
  if (ask.method === 'close') return database?.close()
  database ??= openForReports(place satisfies StorePlace)
  switch (ask.method) {
    case 'verify': return database.report(audit)
    case 'report': return database.read((sql) => readReport(sql, ask.query))
    case 'tagNames': return database.read((sql) => readTagNames(sql, ask.accountId, ask.fromDay, ask.namesMax))
    case 'modelDays': return database.read((sql) => readModelDays(sql, ask.data))
    case 'appUses': return database.read((sql) => readAppUses(sql, ask.data))
    case 'sessionCells': return database.read((sql) => readSessionCells(sql, ask.data))
    case 'walletSums': return database.read((sql) => walletSums(sql, ...ask.args))
    case 'knownKeys': return database.read((sql) => readKnownKeys(sql, ask.accountId, ask.hashes))
  }
}

self.onmessage = ({ data }: MessageEvent<ReportRequest>) => {
  const send = (message: ReportMessage): void => self.postMessage(message)
  answer(data).then(
    (value) => send({ id: data.id, value }),
    (error: unknown) => send({ id: data.id, error: error instanceof Error ? error.message : String(error) }),
  )
}
