import { SMTPServer } from 'smtp-server'

/** A letter as it came over the wire. */
export interface Received { readonly from: string; readonly to: readonly string[]; readonly raw: string }

export interface TestSmtp {
  readonly url: string
  readonly letters: Received[]
  /** How often somebody has shown a password. */
  logins: number
  /** What the next recipients are answered: `450` for a while, `550` for good; undefined: they are taken. */
  refuseWith: number | undefined
  close(): Promise<void>
}

/** A real SMTP server on this machine that takes every letter, or refuses them as it is told. */
export async function startSmtp(options: { readonly port?: number; readonly user?: string; readonly password?: string; /** Of one before it, to go on with. */ readonly letters?: Received[] } = {}): Promise<TestSmtp> {
  const letters = options.letters ?? []
  const state = { refuseWith: undefined as number | undefined, logins: 0 }
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', ...(options.user === undefined ? ['AUTH'] : [])], allowInsecureAuth: true, authOptional: options.user === undefined, logger: false,
    onAuth: ({ username, password }, _session, answer) => {
      state.logins++
      if (username === options.user && password === options.password) answer(null, { user: username })
      else answer(new Error('wrong password'))
    },
    onRcptTo: (_address, _session, answer) => answer(state.refuseWith === undefined ? null : Object.assign(new Error('not now'), { responseCode: state.refuseWith })),
    onData: (stream, session, answer) => {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        letters.push({ from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address), raw: Buffer.concat(pieces).toString('utf8') })
        answer(null)
      })
    },
  })
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const address = server.server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const login = options.user === undefined ? '' : `${encodeURIComponent(options.user)}:${encodeURIComponent(options.password ?? '')}@`
  return Object.assign(state, { url: `smtp://${login}127.0.0.1:${port}`, letters, close: async () => await new Promise<void>((resolve) => server.close(() => resolve())) })
}

/** A header of a letter, unfolded and decoded (RFC 2047); undefined where it has none. */
export function headerOf({ raw }: Received, name: string): string | undefined {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ')
  const found = head.split('\r\n').find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))?.slice(name.length + 1).trim()
  const words = found?.replace(/\?= =\?UTF-8\?[QB]\?/gi, '')
  return words?.replace(/=\?UTF-8\?([QB])\?(.*?)\?=/gi, (_, encoding: string, word: string) => (encoding.toUpperCase() === 'B' ? Buffer.from(word, 'base64').toString('utf8') : quoted(word.replaceAll('_', ' '))))
}

/** Quoted-printable, decoded. */
function quoted(text: string): string {
  return Buffer.from(text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString('utf8')
}

/** The plain text of a letter, decoded. */
export function textOf({ raw }: Received): string {
  const part = raw.split(/\r\n--/).find((piece) => /content-type: text\/plain/i.test(piece)) ?? raw
  const [head = '', ...body] = part.split('\r\n\r\n')
  const said = body.join('\r\n\r\n')
  if (/transfer-encoding: base64/i.test(head)) return Buffer.from(said, 'base64').toString('utf8')
  return (/quoted-printable/i.test(head) ? quoted(said) : said).replace(/\r\n/g, '\n')
}
