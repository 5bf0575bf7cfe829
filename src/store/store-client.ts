import { Fault } from '../core/fault.ts'
import type { StoreApi, StoreChanges, StoreMessage, StoreMethod, StoreRequest } from './protocol.ts'

interface Waiting { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }

const METHODS = [
  'open', 'close', 'claimNode', 'claimDead', 'releaseNode', 'verify', 'beat', 'expireNode', 'closeBooksBefore', 'prune',
  'lease', 'giveBack', 'settle', 'recall', 'openNode', 'closeNode',
  'findKey', 'insertKey', 'keepKey', 'listKeys', 'keyRecord', 'changeKey', 'rotateKey', 'deleteKey', 'noteUses', 'insertFirstKey', 'credits', 'grant', 'moveCredit', 'generation',
  'accountRules', 'putRules', 'listGuardrails', 'guardrail', 'putGuardrail', 'deleteGuardrail', 'assign', 'unassign', 'listKeyAssignments', 'listMemberAssignments',
  'preset', 'listPresets', 'addPresetVersion', 'listPresetVersions', 'presetVersion',
  'takeSlices', 'recallSlices', 'windowUse', 'pruneWindows',
  'user', 'userByEmail', 'account', 'accountsOf', 'member', 'listMembers', 'listInvitations', 'invitation', 'audit', 'workspace', 'listWorkspaces', 'listWorkspaceMembers', 'isWorkspaceMember', 'budgets',
  'insertUser', 'setUserDisabled', 'insertAccount', 'insertMember', 'changeRole', 'removeMember', 'insertInvitation', 'revokeInvitation', 'acceptInvitation', 'insertWorkspace', 'changeWorkspace', 'deleteWorkspace', 'addWorkspaceMembers', 'removeWorkspaceMembers', 'setBudget', 'deleteBudget',
  'insertPurchase', 'placePurchase', 'purchase', 'findPurchase', 'listPurchases', 'applyPayment', 'recordPayment', 'beginRefund', 'noteRefund', 'receipt', 'purchasesToLookAt', 'refundsToLookAt', 'payer', 'changePayer', 'keepCustomer', 'beginTopUps', 'expireCredit', 'eventsReadTo', 'noteEventsRead',
  'listByokKeys', 'byokKey', 'sealedByokKeys', 'insertByokKey', 'changeByokKey', 'deleteByokKey', 'byokSealedByOthers', 'resealByokKey', 'hasSealed', 'byokBill',
  'wallet', 'listWallets', 'insertWallet', 'changeWallet', 'walletEntries', 'moveWallets', 'walletPrices', 'listPriceLists', 'putPriceList', 'deletePriceList', 'walletKeyUse',
  'listSharedBudgets', 'putSharedBudget', 'deleteSharedBudget',
  'instanceSettings', 'changeInstanceSettings', 'listAccounts', 'accountSummary', 'setSuspended', 'setOverrides', 'closeAccount', 'forgetBatch', 'listPeople', 'person', 'changePerson', 'startView', 'endView', 'endOverViews', 'auditOfAll',
  'findSignIn', 'countSignIn', 'insertSignIn', 'updateSignIn', 'deleteSignIn', 'takeSignIn', 'addSignIn', 'countAttempt', 'isFresh', 'isDisabled', 'isVerified', 'hasOpenInvitation', 'liveSession', 'keepSession', 'wishEmail', 'changeEmail', 'whyNotLeave', 'leave', 'forgetLeft', 'chooseAccount', 'sessionsOf', 'endSessions', 'keepLink', 'waitingLinks', 'claimSecret', 'renewSecret',
  'markups', 'putMarkup', 'deleteMarkup',
  'insertAuthCode', 'authCode', 'allowAuthCode', 'endAuthCode', 'redeemAuthCode', 'insertFeedback', 'listFeedback',
  'enqueue', 'claimMessages', 'finishMessage', 'letGoOfMessages', 'listDeliveries', 'pruneNotices', 'listWebhooks', 'webhook', 'insertWebhook', 'changeWebhook', 'deleteWebhook', 'noteDelivery', 'webhooksSealedByOthers', 'resealWebhook',
  'alertSettings', 'changeAlertSettings', 'crossingsOfTouched', 'sweepCrossings', 'allowances', 'announce', 'listNotices', 'markRead',
  'listSso', 'sso', 'sealedSso', 'insertSso', 'changeSso', 'setSsoState', 'deleteSso', 'isOperatorAddress', 'joinRefusal', 'joinBySso', 'ssoSealedByOthers', 'resealSso',
  'insertScimToken', 'listScimTokens', 'scimToken', 'noteScimTokenUse', 'revokeScimToken', 'hasDirectory', 'listEntries', 'insertEntry', 'changeEntry', 'deleteEntry', 'listGroups', 'insertGroup', 'changeGroup', 'deleteGroup',
  'listMappings', 'mapping', 'insertMapping', 'changeMapping', 'deleteMapping', 'settleAccess', 'directoryMembers', 'takeIn', 'mappedRole', 'listDomains', 'domain', 'activeDomain', 'insertDomain', 'activateDomain', 'disableDomain', 'deleteDomain',
] as const satisfies readonly StoreMethod[]

/** The store of this process, in its thread. Errors of the store arrive as Fault `unavailable`, its own refusals to open as they are. */
export class StoreClient {
  readonly api: StoreApi
  private readonly worker = new Worker(new URL('./thread.ts', import.meta.url).href)
  private readonly waiting = new Map<number, Waiting>()
  private lastId = 0
  private died: string | undefined
  private closing: Promise<void> | undefined

  /** `onChanges` hears what was changed by hand, here and in other processes. */
  constructor(private readonly onChanges: (changes: StoreChanges) => void) {
    this.worker.onmessage = ({ data }: MessageEvent<StoreMessage>) => this.receive(data)
    this.worker.onerror = (event) => this.fail(event.message)
    this.worker.addEventListener('close', () => this.fail('its thread has ended'))
    // Each method of the interface is a request of the same name and arguments. One that is not listed above is no part of this type, which then does not fit.
    this.api = Object.fromEntries(METHODS.map((method) => [method, (...args: unknown[]) => this.ask(method, args)])) as unknown as Pick<StoreApi, (typeof METHODS)[number]>
  }

  /** Ends the thread, once it has let go of its files. */
  close(): Promise<void> {
    this.closing ??= this.end()
    return this.closing
  }

  private async end(): Promise<void> {
    if (this.died === undefined) await this.api.close()
    this.fail('it is closed')
    this.worker.terminate()
  }

  private ask(method: StoreMethod, args: readonly unknown[]): Promise<unknown> {
    if (this.died !== undefined) return Promise.reject(unavailable(this.died))
    const id = ++this.lastId
    this.worker.postMessage(requestOf(id, method, args))
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }))
  }

  private receive(message: StoreMessage): void {
    if ('changes' in message) return this.onChanges(message.changes)
    const waiting = this.waiting.get(message.id)
    this.waiting.delete(message.id)
    if ('error' in message) waiting?.reject(asError(message.error))
    else waiting?.resolve(message.value)
  }

  private fail(why: string): void {
    this.died ??= why
    for (const { reject } of this.waiting.values()) reject(unavailable(why))
    this.waiting.clear()
  }
}

/** Lines go as one text: a list of hundreds of strings costs more to hand over than to write to the journal. */
function requestOf(id: number, method: StoreMethod, args: readonly unknown[]): StoreRequest {
  const [lines, ...rest] = args
  return method === 'settle' && Array.isArray(lines) ? { id, method, args: rest, lines: lines.join('\n') } : { id, method, args }
}

function asError({ name, message, code }: { readonly name: string; readonly message: string; readonly code: string | null }): Error {
  if (name !== 'SchemaError') return unavailable(code === null || message.startsWith(code) ? message : `${code}: ${message}`)
  const error = new Error(message)
  error.name = name
  return error
}

function unavailable(detail: string): Fault {
  return new Fault('unavailable', 'The store cannot be reached; try again shortly.', { detail })
}
