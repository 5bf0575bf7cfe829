// A browser that goes to a provider and back, on foot.
import type { Browser } from './person.ts'

const STEPS_MAX = 20

/** Follows redirects between the server and others, with the cookies of each. The first answer that leads nowhere. */
export async function walk(browser: Browser, path: string): Promise<Response> {
  const others = new Map<string, Map<string, string>>()
  let answer = await browser.page(path)
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const location = answer.headers.get('location')
    if (location === null || (answer.status < 300 || answer.status > 399)) return answer
    const url = new URL(location, answer.url)
    if (url.port === new URL(browser.url).port) {
      // There, and signed in: the page itself is not what a sign-in is about.
      if (!/^\/(?:sign-in\/|sso\/)/.test(url.pathname)) return answer
      answer = await browser.page(`${url.pathname}${url.search}`)
    } else answer = await elsewhere(others, url)
  }
  throw new Error('it leads round and round')
}

async function elsewhere(jars: Map<string, Map<string, string>>, url: URL): Promise<Response> {
  const jar = jars.get(url.origin) ?? new Map<string, string>()
  jars.set(url.origin, jar)
  const answer = await fetch(url, { redirect: 'manual', headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } })
  for (const line of answer.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    jar.set(name, value)
  }
  return answer
}
