/** A program that people use this server with, as its own requests name it (contract B71). */
export interface App {
  /** The same for the same site, in every install: 52 bits, which a JSON number holds. */
  readonly id: number
  /** Its host, with the path where many share one; `local/<title>` for a program on somebody's own machine. */
  readonly site: string
  readonly title: string
  /** On somebody's own machine: in no ranking. */
  readonly isLocal: boolean
}

/** What an app can say that it is for, by the group that it is listed in (contract B72). */
export const APP_CATEGORIES = {
  coding: ['cli-agent', 'ide-extension', 'cloud-agent', 'programming-app', 'native-app-builder'],
  creative: ['creative-writing', 'video-gen', 'image-gen', 'audio-gen'],
  productivity: ['writing-assistant', 'general-chat', 'personal-agent', 'legal'],
  entertainment: ['roleplay', 'game'],
} as const
export type AppGroup = keyof typeof APP_CATEGORIES
export type AppCategory = (typeof APP_CATEGORIES)[AppGroup][number]

const ALL_CATEGORIES: ReadonlySet<string> = new Set(Object.values(APP_CATEGORIES).flat())
const CATEGORIES_OF_REQUEST_MAX = 2
/** How many categories an app has at most, from all of its requests. */
export const CATEGORIES_OF_APP_MAX = 10
const ID_HEX_DIGITS = 13
const URL_CHARS_MAX = 2_000
const TITLE_CHARS_MAX = 128
/** Hosts whose first two parts of the path say whose site it is. */
const SHARED_HOSTS = new Set(['github.com', 'gitlab.com', 'bitbucket.org', 'codeberg.org', 'huggingface.co', 'marketplace.visualstudio.com', 'sites.google.com'])

/** The app behind `HTTP-Referer` and the title. undefined: none is said, or a local one without a title. */
export function appOf(referer: string | null | undefined, title: string | null | undefined): App | undefined {
  const url = siteOf(referer)
  if (!url) return undefined
  const said = oneLine(title)
  if (!isLocalHost(url.hostname)) return appAt(siteName(url), said)
  return said === '' ? undefined : localApp(said)
}

/** The app that a person is sent back to: a local one is told by its port. */
export function appOfCallback(callback: URL): App {
  return isLocalHost(callback.hostname) ? localApp(callback.host) : appAt(siteName(callback), '')
}

/** The known categories of `X-OpenRouter-Categories`: two of a request; what is unknown counts for nothing. */
export function categoriesOf(header: string | null | undefined): AppCategory[] {
  if (!header) return []
  const known = header.slice(0, URL_CHARS_MAX).split(',').map((item) => item.trim()).filter(isCategory)
  return [...new Set(known)].slice(0, CATEGORIES_OF_REQUEST_MAX)
}

/** True for the categories that there are. */
export function isCategory(text: string): text is AppCategory {
  return ALL_CATEGORIES.has(text)
}

/** This machine, as the program on it sees it. */
export function isLocalHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1' || hostname === '[::1]' || hostname === '0.0.0.0'
}

function appAt(site: string, title: string): App {
  return { id: idOf(site), site, title: title || site, isLocal: false }
}

function localApp(title: string): App {
  const site = `local/${title}`
  return { id: idOf(site), site, title, isLocal: true }
}

function siteOf(referer: string | null | undefined): URL | undefined {
  if (!referer || referer.length > URL_CHARS_MAX) return undefined
  const text = /^[a-z][a-z0-9+.-]*:/i.test(referer) && !/^[\w.-]+:\d/.test(referer) ? referer : `https://${referer}`
  const url = URL.parse(text)
  return url && (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== '' ? url : undefined
}

function siteName({ host, hostname, pathname }: URL): string {
  const name = host.replace(/^www\./, '')
  if (!SHARED_HOSTS.has(hostname.replace(/^www\./, ''))) return name
  return [name, ...pathname.split('/').filter((part) => part !== '').slice(0, 2)].join('/').toLowerCase()
}

function oneLine(title: string | null | undefined): string {
  return (title ?? '').toWellFormed().replace(/\p{Cc}+/gu, ' ').trim().slice(0, TITLE_CHARS_MAX).toWellFormed()
}

function idOf(site: string): number {
  return Number.parseInt(Bun.CryptoHasher.hash('sha256', site, 'hex').slice(0, ID_HEX_DIGITS), 16)
}
