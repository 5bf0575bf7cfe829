import type { Letter, Mailer } from '../accounts/mailer.ts'
import { Fault } from '../core/fault.ts'
import type { Clock } from '../lib/clock.ts'
import { bodyText, oneLine } from './letter-body.ts'
import type { OutboxStore } from './outbox.ts'
import { LetterRefused, type Smtp } from './smtp.ts'
import type { Vault } from './vault.ts'

export interface MailerOptions {
  readonly store: Pick<OutboxStore, 'enqueue'>
  readonly vault: Vault
  readonly smtp: Pick<Smtp, 'send'>
  readonly clock: Clock
  /** Sends what waits, now. */
  readonly poke: () => void
}

/** What a letter's body is sealed for. */
export const LETTER_CONTEXT = 'letter'

/** Where no letters are sent. */
export const NO_MAILER: Mailer = { isConfigured: false, send: async () => { throw new Fault('conflict', 'No letters are sent here: SWITCHYARD_SMTP_URL names no mail server.') } }

/** Puts letters into the outbox. A secret one goes out at once where it could not be kept sealed. */
export function outboxMailer({ store, vault, smtp, clock, poke }: MailerOptions): Mailer {
  return {
    isConfigured: true,
    async send(letter, reference) {
      const body = bodyText(letter)
      const sealed = letter.isSecret === true ? await vault.seal(body, LETTER_CONTEXT).catch(withoutKey) : ''
      if (sealed === undefined) return await sendNow(smtp, letter)
      await store.enqueue([{ accountId: '', kind: 'letter', target: letter.to, subject: oneLine(letter.subject), body: sealed === '' ? body : '', sealed, reference: reference ?? null }], clock.wallMs())
      poke()
    },
  }
}

/** Others have sealed under a master key that this node does not have. */
function withoutKey(error: unknown): undefined {
  if (error instanceof Fault && error.code === 'conflict') return undefined
  throw error
}

async function sendNow(smtp: Pick<Smtp, 'send'>, letter: Letter): Promise<void> {
  await smtp.send(letter).catch((error: unknown) => {
    if (!(error instanceof LetterRefused)) throw error
    throw new Fault('unavailable', 'The letter could not be sent: the mail server did not take it.', { detail: error.message })
  })
}
