import { ofAccount } from './account-page.ts'
import { COPY_SCRIPT } from './copy-script.ts'
import { dropCard, giveBack, keepCard, order, setPayer, setTopUp, showBilling, useCard } from './billing-page.ts'
import { editKey, makeKey, showKeys, switchKey } from './keys-page.ts'
import { invite, leave, makeOrganization, remove, revoke, setRole, showMembers } from './members-page.ts'
import { readNotices, setNotices, showNotices } from './notices-page.ts'

/** Pages of the account that somebody looks at: keys, members, notifications, credit. */
export const ACCOUNT_PAGES = {
  '/keys': { GET: ofAccount((context, live) => showKeys(context, live)), POST: ofAccount(makeKey) },
  '/keys/change': { POST: ofAccount(editKey) },
  '/keys/state': { POST: ofAccount(switchKey) },
  '/members': { GET: ofAccount((context, live) => showMembers(context, live)) },
  '/members/organization': { POST: ofAccount(makeOrganization) },
  '/members/invite': { POST: ofAccount(invite) },
  '/members/revoke': { POST: ofAccount(revoke) },
  '/members/role': { POST: ofAccount(setRole) },
  '/members/remove': { POST: ofAccount(remove) },
  '/members/leave': { POST: ofAccount(leave) },
  '/notifications': { GET: ofAccount((context, live) => showNotices(context, live)) },
  '/notifications/read': { POST: ofAccount(readNotices) },
  '/notifications/settings': { POST: ofAccount(setNotices) },
  '/billing': { GET: ofAccount((context, live) => showBilling(context, live)) },
  '/billing/order': { POST: ofAccount(order) },
  '/billing/card': { POST: ofAccount(keepCard) },
  '/billing/card-choose': { POST: ofAccount(useCard) },
  '/billing/card-remove': { POST: ofAccount(dropCard) },
  '/billing/top-up': { POST: ofAccount(setTopUp) },
  '/billing/payer': { POST: ofAccount(setPayer) },
  '/billing/refund': { POST: ofAccount(giveBack) },
} as const

/** What they load beside the style of all pages. */
export const ACCOUNT_FILES = { '/pages/copy.js': [COPY_SCRIPT, 'text/javascript; charset=utf-8'] } as const
