/** A model that an alias stands for, and for how many of its users. */
export interface Arm {
  /** Model id, lower case. */
  readonly id: string
  /** 0–100. The arms of an alias come to 100. */
  readonly percent: number
}

/** A model that is asked a second time, for the operator to compare: its answers go nowhere. */
export interface Mirror {
  readonly id: string
  /** Share of the alias's calls, 0–100. */
  readonly percent: number
}

/** A name of the operator's: it stands for a model, or for several, each for a share of the users. */
export interface Alias {
  /** Lower case. */
  readonly name: string
  readonly arms: readonly Arm[]
  /** Models that are tried, in this order, when the arm's does not answer. */
  readonly fallbacks: readonly string[]
  readonly mirror?: Mirror
  /** It can be called, and no list shows it. */
  readonly hidden: boolean
}
