import type { AppStore } from '../accounts/apps/auth-code.ts'
import type { DomainStore } from '../accounts/domain.ts'
import type { SsoStore } from '../accounts/sso-connection.ts'
import type { ScimStore } from '../accounts/scim/scim-store.ts'
import type { ByokStore } from '../accounts/byok/byok-store.ts'
import type { OperatorStore } from '../accounts/operator-store.ts'
import type { FeedbackStore } from '../accounts/feedback.ts'
import type { KeyStore } from '../accounts/key-store.ts'
import type { PeopleStore, WorkspaceStore } from '../accounts/people-store.ts'
import type { PresetStore } from '../accounts/presets.ts'
import type { SignInStore } from '../accounts/sign-in-store.ts'
import type { PurchaseStore } from '../billing/purchase-store.ts'
import type { WalletStore } from '../accounts/wallet.ts'
import type { RuleStore } from '../guardrails/rule-store.ts'
import type { SharedBudgetStore } from '../accounts/shared-budget.ts'
import type { Bank } from '../ledger/bank.ts'
import type { AllowanceChanges } from '../ledger/leases.ts'
import type { SliceBank, WantedSlice } from '../limits/slice-bank.ts'
import type { NoticeStore } from '../notices/notice-store.ts'
import type { Audit } from './audit.ts'
import type { Cutoffs } from './retention.ts'

/** Where a store is. */
export interface StorePlace {
  /** The directory of SQLite's file, and of the journals in any case. Made when it is not there. */
  readonly dataDir: string
  /** `postgres://…`: the store is there; SQLite in the data directory when not said. */
  readonly databaseUrl?: string | undefined
}

/** How often a node has shown that it lives. */
export interface NodeBeat { readonly nodeId: string; readonly beat: bigint }

/** What of wallets is a report, for the thread of those: it reads the sums of all customers of a reseller. */
export type WalletReports = Pick<WalletStore, 'walletSums'>

/** What the thread of the store does when asked. */
export interface StoreApi extends ScimStore, DomainStore, SsoStore, AppStore, FeedbackStore, Bank, NoticeStore, KeyStore, RuleStore, PresetStore, SliceBank, PeopleStore, PurchaseStore, WorkspaceStore, SharedBudgetStore, Omit<WalletStore, keyof WalletReports>, ByokStore, OperatorStore, SignInStore {
  verify(): Promise<Audit>
  /** Opens the store and brings its schema up to date. Before anything else. */
  open(place: StorePlace, nowMs: number): Promise<void>
  claimNode(nodeId: string | undefined): Promise<string>
  claimDead(): Promise<readonly string[]>
  releaseNode(nodeId: string): Promise<void>
  /** Shows that a node lives, and tells the beats of all: for nodes that cannot see each other's lock files. */
  beat(nodeId: string, nowMs: number): Promise<readonly NodeBeat[]>
  /** Closes the leases of a node that has beaten no more since then. False when it has. */
  expireNode(nodeId: string, beat: bigint): Promise<boolean>
  /** From now on no generation is taken that began before this. */
  closeBooksBefore(generationsMs: number): Promise<void>
  /** Removes a batch of what is older; 0 when nothing is. */
  prune(cutoffs: Cutoffs): Promise<number>
  /** Finishes what runs, and lets go of all files. */
  close(): Promise<void>
}

export type StoreMethod = keyof StoreApi

/** What was changed by hand, here or in another process. `rules`: accounts whose rules, guardrails or presets were. `slices`: what processes want back of rate limits. `isInstance`: settings of the whole install were. */
export interface StoreChanges extends AllowanceChanges { readonly rules: readonly string[]; readonly slices: readonly WantedSlice[]; readonly isInstance: boolean }

/** From the process to the thread. */
export interface StoreRequest {
  readonly id: number
  readonly method: StoreMethod
  readonly args: readonly unknown[]
  /** A list of lines that goes before `args`, joined: none of them has a line's end in it. */
  readonly lines?: string
}

/** From the thread: the answer to a request, or changes that nobody asked for. */
export type StoreMessage =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string; readonly code: string | null } }
  | { readonly changes: StoreChanges }
