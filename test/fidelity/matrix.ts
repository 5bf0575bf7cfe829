import { CLIENT, PROVIDER, PROVIDERS, type ProviderName } from './columns.ts'
import { EXPLAINED, explanationOf, type Explained } from './explained.ts'
import { ANSWERED, ASKED, CLIENTS, type AnswerName, type AskName, type ClientName } from './features.ts'
import { measureAnswer } from './measure-answer.ts'
import { measureAsk, type Cell } from './measure-ask.ts'

/** One measured place of the matrix. */
export interface Place { readonly client: ClientName; readonly provider: ProviderName; readonly name: AskName | AnswerName; readonly isAsked: boolean; readonly cell: Cell; readonly explained?: Explained }

// Object.keys forgets the names of the keys that it was given.
const ASK_NAMES = Object.keys(ASKED) as AskName[]
const ANSWER_NAMES = Object.keys(ANSWERED) as AnswerName[]

/** Measures every place: each thing that can be asked or answered, for each client and each provider. */
export function measureAll(): Place[] {
  return CLIENTS.flatMap((client) => PROVIDERS.flatMap((provider) => [
    ...ASK_NAMES.map((name) => placeOf(client, provider, name, true, measureAsk(CLIENT[client], PROVIDER[provider], name))),
    ...ANSWER_NAMES.map((name) => placeOf(client, provider, name, false, measureAnswer(client, provider, name))),
  ]))
}

function placeOf(client: ClientName, provider: ProviderName, name: AskName | AnswerName, isAsked: boolean, cell: Cell): Place {
  const explained = cell.kind === 'lost' ? explanationOf(client, provider, name) : undefined
  return { client, provider, name, isAsked, cell, ...(explained ? { explained } : {}) }
}

/** The places as `docs/dialects.md` shows them. */
export function pageOf(places: readonly Place[]): string {
  return `${HEAD}\n${CLIENTS.map((client) => clientSection(client, places.filter((place) => place.client === client))).join('\n')}\n${notes()}`
}

const HEAD = `# Dialects

What becomes of each thing that a client can ask and a provider can answer, for every client dialect and every provider dialect.
This page is measured, not written: \`npm run matrix\` makes it, and a test fails when it is out of date.

| Word | Meaning |
| --- | --- |
| carried | Both sides speak the same dialect, and it goes through as it was said. |
| mapped | It is said in the other dialect's words. |
| fetched | The provider follows no links: the gateway fetches what is linked and says it as data. |
| mapped, warned | It is said, with a change that a warning names. |
| warned | It cannot be said to this provider and is left out; the warning names the field. |
| refused | The call is refused with a fault that names the field; another endpoint may take it. |
| left out | It is not said, and that loses nothing: the note says why. |
| — | The client's dialect has no words for it, or the provider's answers never hold it. |

Warnings come in the header \`X-Switchyard-Warnings\` and in router metadata. Each provider dialect is measured with a model that is typical of it:
${PROVIDERS.map((name) => `\`${name}\` with \`${PROVIDER[name].endpoint.upstreamId}\``).join(', ')}. Other models of a provider may take less, and their catalogue rows say so.

Embeddings are no row here: they have endpoints of their own, and a call has no messages. Providers that speak openai-chat, gemini, vertex or cohere
are asked for them in their own words; the other dialects have none, and a call for them is refused by name.
`

function clientSection(client: ClientName, places: readonly Place[]): string {
  return `## A client that speaks ${client}\n\n### Asked\n\n${table(ASK_NAMES, places.filter((place) => place.isAsked))}\n\n### Answered\n\n${table(ANSWER_NAMES, places.filter((place) => !place.isAsked))}\n`
}

/** A row that has no words in it is left out: the client's dialect cannot say it. */
function table(names: readonly (AskName | AnswerName)[], places: readonly Place[]): string {
  const rows = names.map((name) => ({ name, places: places.filter((place) => place.name === name) }))
  const said = rows.filter((row) => row.places.some((place) => place.cell.kind !== 'unsayable'))
  const unsaid = rows.filter((row) => !said.includes(row)).map((row) => row.name)
  const lines = said.map((row) => `| ${row.name} | ${row.places.map(wordOf).join(' | ')} |`)
  return [`| | ${PROVIDERS.join(' | ')} |`, `| --- |${' --- |'.repeat(PROVIDERS.length)}`, ...lines, ...(unsaid.length > 0 ? ['', `No words for: ${unsaid.join(', ')}.`] : [])].join('\n')
}

/** A place in a word or a few. */
export function wordOf({ cell, explained }: Place): string {
  switch (cell.kind) {
    case 'unsayable': return '—'
    case 'lost': return explained ? `left out [${EXPLAINED.indexOf(explained) + 1}]` : 'LOST'
    case 'refused': return `refused: \`${cell.field}\``
    case 'warned': return `${cell.isSaid ? 'mapped, warned' : 'warned'}: ${cell.fields.map((field) => `\`${field}\``).join(' ')}`
    default: return cell.kind
  }
}

function notes(): string {
  return `## Notes\n\n${EXPLAINED.map(({ name, why }, at) => `${at + 1}. ${name}: ${why}.`).join('\n')}\n`
}
