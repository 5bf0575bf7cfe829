import { expect, test } from 'bun:test'
import { FakeClock } from '../lib/clock.ts'
import { SYSTEM } from './audit-entry.ts'
import { Instance, INSTANCE_SETTINGS, settingsJson, withChange, type InstanceStore } from './instance.ts'

/** A store whose answers to questions wait until they are let go, in any order. */
function slowStore() {
  let settings = INSTANCE_SETTINGS
  const waiting: (() => void)[] = []
  const store: InstanceStore = {
    async instanceSettings() {
      const json = JSON.stringify(settingsJson(settings))
      await new Promise<void>((resolve) => { waiting.push(resolve) })
      return json
    },
    async changeInstanceSettings(change) {
      settings = withChange(settings, change)
      return JSON.stringify(settingsJson(settings))
    },
  }
  const asked = async (count: number) => { while (waiting.length < count) await Promise.resolve() }
  return { store, asked, letGo: (at: number) => waiting[at]?.() }
}

test('a change holds when it is answered, though the store is asked once more meanwhile', async () => {
  const { store, asked, letGo } = slowStore()
  const instance = new Instance(store, new FakeClock())
  const changing = instance.change({ money: false }, SYSTEM)
  await asked(1)
  const again = instance.load() // told that something was changed
  letGo(0)
  expect((await changing).moneyEnabled).toBe(false)
  expect(instance.settings.moneyEnabled).toBe(false)
  letGo(1)
  await again
})

test('what was asked before a change and is answered after it is not taken', async () => {
  const { store, asked, letGo } = slowStore()
  const instance = new Instance(store, new FakeClock())
  const before = instance.load()
  const changing = instance.change({ money: false }, SYSTEM)
  await asked(2)
  letGo(1)
  await changing
  letGo(0)
  await before
  expect(instance.settings.moneyEnabled).toBe(false)
})
