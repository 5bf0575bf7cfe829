import { nameId } from '../lib/id.ts'
import type { Nano } from '../core/nano.ts'
import { DEFAULT_ACCOUNT } from './accounts.ts'
import type { Role } from './roles.ts'

/** A part of an account with its own keys, guardrails, budgets and members (contract H23). */
export interface Workspace {
  readonly id: string
  readonly accountId: string
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly settings: WorkspaceSettings
  readonly includeByokInBudgets: boolean
  readonly createdBy: string | null
  readonly createdMs: number
  readonly updatedMs: number | null
}

/** What a workspace's calls take where they do not say it themselves, and what is kept of them. */
export interface WorkspaceSettings {
  readonly defaultTextModel: string | null
  readonly defaultImageModel: string | null
  readonly defaultProviderSort: 'price' | 'throughput' | 'latency' | 'exacto' | null
  readonly ioLoggingApiKeyIds: readonly number[] | null
  readonly ioLoggingSamplingRate: number
  readonly dataDiscountLogging: boolean
  readonly observabilityBroadcast: boolean
  readonly observabilityIoLogging: boolean
}

export const WORKSPACE_SETTINGS: WorkspaceSettings = Object.freeze({
  defaultTextModel: null, defaultImageModel: null, defaultProviderSort: null, ioLoggingApiKeyIds: null, ioLoggingSamplingRate: 1,
  dataDiscountLogging: false, observabilityBroadcast: false, observabilityIoLogging: false,
})

export interface NewWorkspace {
  readonly accountId: string
  readonly name: string
  readonly slug: string
  readonly description?: string | null
  readonly settings?: Partial<WorkspaceSettings>
}

export interface WorkspaceChange {
  readonly name?: string
  readonly slug?: string
  readonly description?: string | null
  readonly settings?: Partial<WorkspaceSettings>
}

/** One person in one workspace. In the default workspace everybody is, without a row of their own. */
export interface WorkspaceMember {
  readonly id: string
  readonly workspaceId: string
  readonly userId: string
  /** As in the organisation (H24), or the higher one that mappings of a directory's groups give (H22). */
  readonly role: Role
  readonly createdMs: number
}

/** The windows of budgets, the broadest first, by the contract's names. */
export const BUDGET_INTERVALS = ['lifetime', 'monthly', 'weekly', 'daily'] as const
export type BudgetInterval = (typeof BUDGET_INTERVALS)[number]

/** What a workspace may cost in a window (contract H27). */
export interface Budget {
  readonly id: string
  readonly workspaceId: string
  readonly interval: BudgetInterval
  readonly cap: Nano
  readonly createdMs: number
  readonly updatedMs: number
}

/** Why these budgets cannot be together; undefined when they can: each is more than all that are narrower. */
export function budgetConflict(caps: readonly { readonly interval: BudgetInterval; readonly cap: Nano }[]): readonly [broader: BudgetInterval, narrower: BudgetInterval] | undefined {
  const inOrder = BUDGET_INTERVALS.flatMap((interval) => caps.find((budget) => budget.interval === interval) ?? [])
  for (const [at, broader] of inOrder.entries()) {
    const narrower = inOrder[at + 1]
    if (narrower && narrower.cap >= broader.cap) return [broader.interval, narrower.interval]
  }
  return undefined
}

export const WORKSPACE_NAME_CHARS_MAX = 100
export const WORKSPACE_SLUG_CHARS_MAX = 50
export const WORKSPACE_SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
/** The slug of an account's default workspace, until somebody changes it. */
export const DEFAULT_SLUG = 'default'

/** The workspace that every account has. Its id follows from the account's, so that nobody needs to look for it. */
export function defaultWorkspaceId(accountId: string): string {
  return accountId === DEFAULT_ACCOUNT ? '00000000-0000-4000-8000-000000000001' : nameId(`switchyard default workspace ${accountId}`)
}
