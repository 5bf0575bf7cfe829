import type { Caller } from '../accounts/caller.ts'
import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'
import { Fault } from '../core/fault.ts'
import { formatUsd, sayUsd, type Nano } from '../core/nano.ts'
import type { HoldRefusal } from '../ledger/ledger.ts'
import { isRolling, sayWindow, writeWindow } from '../ledger/window.ts'
import { chargeOf, completionTokensMax, listPriceMax } from '../routing/bound.ts'
import type { Plan } from '../routing/plan.ts'
import { customerMaxAt } from './customer.ts'

/** A refused hold, with what it was for. */
interface Refused { readonly refusal: HoldRefusal; readonly call: Call; readonly plan: Plan; readonly caller: Caller; readonly worst: Nano }

/** The 402 or 403 of a refused hold: which of the reasons, with the numbers and the page that explains it (contract M4, lesson 67). */
export function refusalFault(refusal: HoldRefusal, call: Call, plan: Plan, caller: Caller): Fault {
  const fault = faultOf(refusal, call, plan, caller)
  // A customer is told nothing of its reseller's budgets, and not which chapter is about them.
  const page = fault.options.metadata?.['reason'] === BEHIND_WALLET ? 'balance' : fault.code
  return fault.code === 'unavailable' ? fault : fault.with({ metadata: { docs_url: `/docs/errors#${page}` } })
}

function faultOf(refusal: HoldRefusal, call: Call, plan: Plan, caller: Caller): Fault {
  if (refusal.code === 'unavailable') return new Fault('unavailable', 'The ledger cannot be reached right now; the key is fine. Try again shortly.', { retryAfterMs: 1000 })
  if (refusal.code === 'tag_missing') return missingTag(refusal)
  if (caller.key.wallet !== undefined && !countsCustomer(refusal, caller)) return behindWallet(refusal)
  const worst = refusal.need ?? plan.costMax
  const numbers = {
    reason: refusal.code, scope: refusal.allowance, ...(refusal.name !== undefined && { of: refusal.name }), left_usd: formatUsd(refusal.left), cap_usd: formatUsd(refusal.cap), worst_case_usd: formatUsd(worst),
    ...(refusal.period !== undefined && { interval: intervalOf(refusal) }),
    ...(refusal.resetsMs === null ? {} : { reset_at: new Date(refusal.resetsMs).toISOString() }),
  }
  return new Fault(refusal.code, sentence({ refusal, call, plan, caller, worst }), { metadata: numbers })
}

/** What the customer pays is counted by the wallet, and by the limit of a key that is the customer's. */
function countsCustomer({ allowance }: HoldRefusal, { key }: Caller): boolean {
  return allowance === 'wallet' || ((allowance === 'key' || allowance === 'rolling') && key.wallet !== undefined)
}

const BEHIND_WALLET = 'account'

/** What is short is the reseller's: its customers are told that, and no numbers of its. */
function behindWallet({ code, allowance }: HoldRefusal): Fault {
  const why = 'The account behind this key has no room for this call. Your own credit is untouched: tell whoever gave you the key.'
  return new Fault(code === 'worst_case' || allowance === 'account' ? 'balance' : code, why, { metadata: { reason: BEHIND_WALLET, scope: 'account' } })
}

function sentence(refused: Refused): string {
  const { refusal, call, plan, worst } = refused
  const again = refusal.allowance === 'rolling' ? 'of which the first is free again' : 'which starts anew'
  const resets = refusal.resetsMs === null ? '' : `, ${again} at ${new Date(refusal.resetsMs).toISOString()}`
  if (refusal.code === 'key_limit') return `${capital(keyLimit(refusal))} is used up${resets}. ${capital(moreOf(refused))}.`
  if (refusal.code === 'workspace_budget') return `Workspace ${intervalOf(refusal)} budget of ${sayUsd(refusal.cap)} exceeded. Contact your org admin.`
  if (refusal.allowance in BUDGETS && refusal.code !== 'worst_case') return `The ${budgetName(refusal)} of ${sayUsd(refusal.cap)} is used up${resets}. Contact your org admin.`
  if (refusal.code === 'wallet_balance') return `Insufficient credits: ${walletName(refused)} has ${sayUsd(refusal.left)} left. ${capital(moreOf(refused))}.`
  if (refusal.code === 'balance') return `Insufficient credits: the account has ${sayUsd(refusal.left)} left. ${capital(moreOf(refused))}.`
  const what = whatIsLeft(refused, resets)
  return `This request may cost up to ${sayUsd(worst)} (up to ${call.needs.promptTokensMax} prompt tokens and ${answerWords(call, plan)}), and ${what}. ${advice(refused)}`
}

function whatIsLeft(refused: Refused, resets: string): string {
  const { refusal } = refused
  if (refusal.allowance === 'account') return `the account has ${sayUsd(refusal.left)} left`
  if (refusal.allowance === 'wallet') return `${walletName(refused)} has ${sayUsd(refusal.left)} left`
  const whose = refusal.allowance === 'workspace' ? `the workspace's ${intervalOf(refusal)} budget` : `the ${budgetName(refusal)}`
  const what = refusal.allowance === 'key' || refusal.allowance === 'rolling' ? keyLimit(refusal) : `${whose} of ${sayUsd(refusal.cap)}`
  return `${what}${resets === '' ? '' : `${resets},`} leaves ${sayUsd(refusal.left)}`
}

/** "this key's limit of $2.50 in any 5 hours". */
function keyLimit({ allowance, cap, period }: HoldRefusal): string {
  return `this key's limit of ${sayUsd(cap)}${allowance === 'rolling' && period !== undefined && isRolling(period) ? ` in any ${sayWindow(period)}` : ''}`
}

function walletName({ caller: { key, wallet } }: Refused): string {
  return key.wallet === undefined ? `the wallet of ${JSON.stringify(wallet?.externalId ?? '')}` : 'this wallet'
}

const BUDGETS: Partial<Record<HoldRefusal['allowance'], string>> = { guardrail: '', member: '', tag: 'calls tagged ' }

/** Whose budget it is that is neither the key's nor the workspace's: "daily budget of calls tagged customer=acme". */
function budgetName(refusal: HoldRefusal): string {
  return `${intervalOf(refusal)} budget of ${BUDGETS[refusal.allowance] ?? ''}${refusal.name ?? ''}`
}

function missingTag({ name = '' }: HoldRefusal): Fault {
  return new Fault('tag_missing', `This account takes no call without the tag ${name}. Send it as X-Switchyard-Tags: ${name}=…, in \`metadata\`, or use a key that has it.`, { metadata: { reason: 'tag_missing', scope: 'tag', tag: name } })
}

/** The contract's name of a budget's window; a rolling one's as its limit shows it. */
function intervalOf({ period }: HoldRefusal): string {
  return period === 'ever' ? 'lifetime' : period !== undefined && isRolling(period) ? writeWindow(period) : String(period)
}

function answerWords(call: Call, plan: Plan): string {
  if (call.needs.maxTokens === 0) return 'no answer to write'
  const most = Math.max(...plan.steps.map((step) => completionTokensMax(call, step.endpoint)))
  return `${most} tokens of answer${call.needs.maxTokens === undefined ? ', the most that the model writes: no max_tokens was given' : ''}`
}

const LARGER = 'ask an admin of the organization for a larger budget'
const MORE: Readonly<Record<HoldRefusal['allowance'], string>> = {
  key: "raise the key's limit, wait for its reset, or use another key", rolling: "raise the key's limit, wait until enough of it is free again, or use another key", workspace: LARGER, guardrail: LARGER, member: LARGER, tag: LARGER, account: 'add credits (`POST /api/v1/purchases`, or the operator with `switchyard credits grant`)',
  wallet: 'add to it (`POST /api/v1/wallets/{id}/grant`)',
}

function moreOf({ refusal: { allowance }, caller: { key } }: Refused): string {
  return key.wallet === undefined ? MORE[allowance] : 'ask whoever gave you this key for more'
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** What would make it fit: fewer tokens, where at least one is left, or more of what is short. */
function advice(refused: Refused): string {
  const { call, plan } = refused
  const more = moreOf(refused)
  const affordable = Math.min(...plan.steps.map((step) => affordableTokens(refused, step.endpoint)))
  if (affordable >= 1) return `Send max_tokens of at most ${affordable}, or ${more}.`
  if (call.needs.maxTokens === 0) return `Send fewer or shorter inputs, or ${more}.`
  return `Not even one token of answer fits: shorten the prompt, or ${more}.`
}

/** The most max_tokens whose worst case fits, found by halving: prices are `price.ts`'s to know. 0 when not even one does. */
function affordableTokens(refused: Refused, endpoint: Endpoint): number {
  const { refusal, call } = refused
  let low = 0
  let high = completionTokensMax(call, endpoint)
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (neededFor(middle, refused, endpoint) <= refusal.left) low = middle
    else high = middle - 1
  }
  return low
}

/** What an answer of so many tokens needs of what is short: the customer's price; what is paid here; and where that counts them, the bills of keys of the caller's own. */
function neededFor(tokens: number, { refusal, call, caller }: Refused, endpoint: Endpoint): Nano {
  const { wallet } = caller
  if (wallet && countsCustomer(refusal, caller)) return customerMaxAt(call, endpoint, wallet.prices, tokens)
  const bill = listPriceMax(call, endpoint, tokens)
  return chargeOf(bill, endpoint) + (endpoint.ownKey && refusal.need !== undefined ? bill : 0n)
}
