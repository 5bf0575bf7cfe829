import { MasterKeys } from '../accounts/byok/master-keys.ts'
import type { Mailer } from '../accounts/mailer.ts'
import type { Clock } from '../lib/clock.ts'
import { draw } from '../lib/random.ts'
import { AlertWatch } from '../notices/alert-watch.ts'
import { Courier } from '../notices/courier.ts'
import { NO_MAILER, outboxMailer } from '../notices/mailer.ts'
import { NoticeBoard } from '../notices/notice-board.ts'
import { NoticeDesk } from '../notices/notice-desk.ts'
import { Smtp, type SmtpSettings } from '../notices/smtp.ts'
import { vaultOf } from '../notices/vault.ts'
import { Webhooks, type WebhooksOptions } from '../notices/webhooks.ts'
import type { StoreApi } from './protocol.ts'

/** How this process sends. */
export interface Sending {
  readonly smtp: SmtpSettings | undefined
  readonly poster: WebhooksOptions['poster']
  /** As in `AlertWatchOptions`. */
  readonly sweeps: boolean
}

export interface NoticesOptions {
  readonly nodeId: string
  readonly dataDir: string
  readonly clock: Clock
  readonly masterKey?: string | undefined
  /** undefined: nothing is sent, nor looked for. */
  readonly sending: Sending | undefined
  readonly isMoneyOn: () => boolean
  readonly flush: () => Promise<void>
  readonly log: (line: string) => void
  readonly note: (what: string, detail: string) => void
}

/** Everything that people and their programs are told by, over a store. */
export interface OpenNotices {
  readonly mailer: Mailer
  readonly board: NoticeBoard
  readonly desk: NoticeDesk
  readonly webhooks: Webhooks
  close(): Promise<void>
}

/** Longer than any window of a budget that has an end: what was told in it is not told again. */
const KEPT_MS = 60 * 86_400_000
const PRUNE_MS = 3_600_000

const NO_POSTER: WebhooksOptions['poster'] = { refusal: () => 'cannot be used: nothing is posted from here', post: async () => { throw new Error('nothing is posted from here') } }

/** Puts it together. */
export function openNotices(store: StoreApi, options: NoticesOptions): OpenNotices {
  const { nodeId, dataDir, clock, masterKey, sending, isMoneyOn, flush, log, note } = options
  const vault = vaultOf(new MasterKeys({ dataDir, fromEnvironment: masterKey, onMade: note }), () => store.hasSealed())
  const smtp = sending?.smtp && new Smtp(sending.smtp)
  const poster = sending?.poster ?? NO_POSTER
  const poke = () => { if (sending) courier.poke() }
  const board = new NoticeBoard({ store, clock, sendsLetters: smtp !== undefined, poke })
  const courier = new Courier({ nodeId, store, smtp, poster, vault, clock, draw, notices: board, log })
  const watch = new AlertWatch({ store, board, clock, sweeps: sending?.sweeps === true, isMoneyOn, log })
  const pruned = sending?.sweeps === true ? setInterval(() => store.pruneNotices(clock.wallMs() - KEPT_MS).catch((error: unknown) => log(`old notices stay until the next hour: ${String(error)}`)), PRUNE_MS) : undefined
  if (sending) {
    courier.start()
    watch.start()
  }
  return {
    board, desk: new NoticeDesk({ store, clock, flush }), webhooks: new Webhooks({ store, vault, clock, poster, poke }),
    mailer: smtp ? outboxMailer({ store, vault, smtp, clock, poke }) : NO_MAILER,
    close: async () => {
      clearInterval(pruned)
      await watch.close()
      await courier.close()
    },
  }
}
