import { Fault } from '../../core/fault.ts'

const FORM_BYTES_MAX = 16 << 10

/** The fields of a form that a page of ours sent. Throws Fault. */
export async function readForm(request: Request): Promise<(name: string) => string> {
  if (!(request.headers.get('content-type') ?? '').startsWith('application/x-www-form-urlencoded')) throw new Fault('unsupported_media_type', 'Forms are sent as application/x-www-form-urlencoded.')
  // A browser says how long a form is.
  if (!(Number(request.headers.get('content-length') ?? Number.NaN) <= FORM_BYTES_MAX)) throw new Fault('payload_too_large', `A form has at most ${FORM_BYTES_MAX} bytes.`)
  const fields = new URLSearchParams(await request.text())
  return (name) => fields.get(name) ?? ''
}

/** What the sign-in library answered: what it set, and what it said. */
export interface Answer { readonly isOk: boolean; readonly status: number; readonly cookies: readonly string[]; readonly code: string; readonly message: string; readonly json: Readonly<Record<string, unknown>> }

/** Reads an answer of the sign-in library. A redirect is how some of its paths say what went wrong. */
export async function readAnswer(response: Response): Promise<Answer> {
  const location = response.headers.get('location')
  const error = location === null ? null : new URL(location, 'http://localhost').searchParams.get('error')
  const json = location === null ? asObject(await response.json().catch(() => ({}))) : {}
  const nested = asObject(json['error'])
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  return {
    isOk: response.status < 400 && error === null, status: response.status, cookies: response.headers.getSetCookie(), json,
    code: error ?? text(json['code']), message: text(json['message']) || text(nested['message']) || 'That did not work.',
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  // Of an object that JSON gave, whose fields are looked at one by one.
  return typeof value === 'object' && value !== null ? value as Readonly<Record<string, unknown>> : {}
}
