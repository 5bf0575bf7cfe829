/** What runs in the browser: passkeys need a script, all else works without one. Served as it is; it stays clear of what only new browsers have. */
export const PASSKEY_SCRIPT = `'use strict'
const fromText = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0))
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
const known = (list) => (list || []).map((one) => ({ ...one, id: fromText(one.id) }))

async function ask(path, body) {
  const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch('/api/auth/passkey/' + path, init)
  const json = await response.json().catch(() => ({}))
  if (!response.ok) throw new Error(json.message || (json.error && json.error.message) || 'The server said no.')
  return json
}

async function add(name) {
  const options = await ask('generate-register-options')
  const made = await navigator.credentials.create({ publicKey: { ...options, challenge: fromText(options.challenge), user: { ...options.user, id: fromText(options.user.id) }, excludeCredentials: known(options.excludeCredentials) } })
  const { attestationObject, clientDataJSON } = made.response
  const transports = made.response.getTransports ? made.response.getTransports() : []
  await ask('verify-registration', { name: name || undefined, response: { id: made.id, rawId: toText(made.rawId), type: made.type, authenticatorAttachment: made.authenticatorAttachment || undefined, clientExtensionResults: made.getClientExtensionResults(), response: { attestationObject: toText(attestationObject), clientDataJSON: toText(clientDataJSON), transports } } })
}

async function use() {
  const options = await ask('generate-authenticate-options')
  const shown = await navigator.credentials.get({ publicKey: { ...options, challenge: fromText(options.challenge), userVerification: 'required', allowCredentials: known(options.allowCredentials) } })
  const { authenticatorData, clientDataJSON, signature, userHandle } = shown.response
  await ask('verify-authentication', { response: { id: shown.id, rawId: toText(shown.rawId), type: shown.type, authenticatorAttachment: shown.authenticatorAttachment || undefined, clientExtensionResults: shown.getClientExtensionResults(), response: { authenticatorData: toText(authenticatorData), clientDataJSON: toText(clientDataJSON), signature: toText(signature), userHandle: userHandle ? toText(userHandle) : undefined } } })
}

for (const box of document.querySelectorAll('[data-passkey]')) {
  if (!window.PublicKeyCredential) continue
  box.classList.remove('hidden')
  box.addEventListener('submit', async (event) => {
    event.preventDefault()
    const trouble = box.querySelector('[data-trouble]')
    trouble.classList.add('hidden')
    try {
      if (box.dataset.passkey === 'add') await add(new FormData(box).get('name'))
      else await use()
      location.assign(box.dataset.next || '/')
    } catch (error) {
      trouble.textContent = error.name === 'NotAllowedError' ? 'That was not completed: try again, or sign in another way.' : error.message
      trouble.classList.remove('hidden')
    }
  })
}
`
