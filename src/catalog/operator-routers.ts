import { byKey, said, type Place, type YamlReader } from './yaml-reader.ts'

/** `routers:` of the operator's file: who is asked where a router could choose among many. Names as clients write them. */
export interface OperatorRouters {
  /** `openrouter/fusion`: its panel, and who writes the answer, where the client says nothing. */
  readonly fusion?: { readonly panel?: readonly string[]; readonly writer?: string }
  /** `openrouter/bodybuilder`: who writes the requests. */
  readonly bodybuilder?: { readonly model?: string }
}

const PANEL_MAX = 8

/** `routers: { fusion: { analysis_models: […], model: … }, bodybuilder: { model: … } }`. Whether the models are there is seen when they are asked for: they may come later. */
export function readRouters(reader: YamlReader, place: Place): OperatorRouters {
  const at = byKey(reader.map(place, ['fusion', 'bodybuilder']))
  const fusion = at.fusion && byKey(reader.map(at.fusion, ['analysis_models', 'model']))
  const bodybuilder = at.bodybuilder && byKey(reader.map(at.bodybuilder, ['model']))
  return said({
    fusion: fusion && said({ panel: fusion.analysis_models && readPanel(reader, fusion.analysis_models), writer: fusion.model && reader.string(fusion.model) }),
    bodybuilder: bodybuilder && said({ model: bodybuilder.model && reader.string(bodybuilder.model) }),
  })
}

function readPanel(reader: YamlReader, place: Place): readonly string[] | undefined {
  const names = reader.list(place).map((item) => reader.string(item)).filter((name) => name !== undefined)
  return names.length >= 1 && names.length <= PANEL_MAX ? names : reader.wrong(place, `must name 1 to ${PANEL_MAX} models`)
}
