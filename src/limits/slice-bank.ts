import type { Nano } from '../core/nano.ts'

/** One window of one counter, as the store knows it. */
export interface WindowRef {
  /** '' for what all accounts share. */
  readonly accountId: string
  /** Who or what is counted, what of it, and in which windows: `key:<hash> tokens/minute`. */
  readonly counter: string
  readonly startMs: number
}

/** How much a window lets pass. */
export interface Cap {
  readonly limit: bigint
  /** Another limit for accounts that were given this much credit. */
  readonly raised?: { readonly limit: bigint; readonly creditsMin: Nano }
}

/** A process tells what became of its slice of a window, and asks for more of it. */
export interface SliceAsk extends WindowRef, Cap {
  /** The window is over then, and may be forgotten some time after. */
  readonly endMs: number
  /** Less than this is of no use: the answer is this much or more, or nothing. */
  readonly least: bigint
  /** 0: nothing is wanted. */
  readonly asked: bigint
  /** What the process gives back of its slice. */
  readonly back: bigint
  /** What passed there beyond the slice: known only when it was over. */
  readonly over: bigint
  /** By how much what is left of the slice has changed since the last word about it. */
  readonly leftChange: bigint
}

export interface SliceAnswer {
  readonly granted: bigint
  /** What no process has, after the grant. Below zero when more passed than may. */
  readonly free: bigint
  /** What all processes together had left of their slices when they last said so, with this grant. */
  readonly left: bigint
  /** The limit that holds for this account. */
  readonly limit: bigint
  /** Processes on this store. */
  readonly nodes: number
}

/** A process wants what others have of a window and do not use. */
export interface WantedSlice extends WindowRef { readonly wantedBy: string }

/** What has passed in a window, as far as the processes have said. */
export interface WindowUse { readonly used: bigint; readonly limit: bigint }

/**
 * What limits need stored: how much of each window the processes have taken. Every method is one transaction. A method that
 * fails throws Fault `unavailable`; what it may have done all the same lets less pass, never more.
 */
export interface SliceBank {
  /** Answers each ask on its own, in order. What may be taken is decided by the statement that takes it. */
  takeSlices(asks: readonly SliceAsk[]): Promise<readonly SliceAnswer[]>
  /** Asks all other processes to give back what they have of these windows. */
  recallSlices(windows: readonly WindowRef[], nodeId: string): Promise<void>
  windowUse(window: WindowRef, cap: Cap): Promise<WindowUse>
  /** Forgets windows that were over then. */
  pruneWindows(beforeMs: number): Promise<void>
}
