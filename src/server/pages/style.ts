/** How the pages look, in light and in dark. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #16181d; --soft: #5b6270; --line: #dfe3ea; --page: #f5f6f8; --card: #fff; --accent: #2456d6; --accent-ink: #fff; --bad: #b3261e; --good: #1b7f4b; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceef2; --soft: #a2a9b6; --line: #333944; --page: #121419; --card: #1b1e25; --accent: #7da2ff; --accent-ink: #0c1020; --bad: #ff9d95; --good: #6fd7a1; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
main { max-width: 27rem; margin: 8vh auto 4rem; padding: 0 1rem; }
main.wide { max-width: 44rem; }
.brand { display: flex; align-items: center; gap: .6rem; margin-bottom: 1.5rem; font-weight: 650; letter-spacing: -.01em; color: inherit; text-decoration: none; }
.brand svg { width: 1.6rem; height: 1.6rem; color: var(--accent); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.5rem; margin-bottom: 1rem; }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0 0 1rem; letter-spacing: -.015em; }
h2 { font-size: 1rem; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; } p:last-child { margin-bottom: 0; }
.soft, small { color: var(--soft); font-size: .9rem; font-weight: 400; }
label { display: block; font-size: .9rem; font-weight: 550; margin-bottom: .9rem; }
input, select { display: block; width: 100%; margin-top: .3rem; padding: .6rem .7rem; font: inherit; font-weight: 400; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: .5rem; }
input[type=checkbox] { display: inline-block; width: auto; margin: 0 .4rem 0 0; }
input:focus-visible, select:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button { width: 100%; padding: .65rem 1rem; font: inherit; font-weight: 600; border: 1px solid transparent; border-radius: .5rem; background: var(--accent); color: var(--accent-ink); cursor: pointer; }
button.plain { background: transparent; color: var(--ink); border-color: var(--line); }
main.wide button { width: auto; }
button.small { width: auto; padding: .3rem .7rem; font-size: .9rem; }
button + button, form + form, .more { margin-top: .6rem; }
.row { display: flex; gap: .6rem; align-items: end; } .row > label { flex: 1; margin: 0; } .row > button { width: auto; }
.names { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
a { color: var(--accent); }
.bad, .good { padding: .6rem .8rem; border-radius: .5rem; border: 1px solid currentColor; font-size: .95rem; } .bad { color: var(--bad); } .good { color: var(--good); }
ul.list { list-style: none; margin: 0 0 1rem; padding: 0; } ul.list li { display: flex; gap: .75rem; align-items: center; justify-content: space-between; padding: .6rem 0; border-top: 1px solid var(--line); } ul.list li:first-child { border-top: 0; }
code, .codes { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: .95rem; overflow-wrap: anywhere; } .codes { columns: 2; margin: 0 0 1rem; padding: 0; list-style: none; }
.qr { display: block; width: 13rem; max-width: 100%; margin: 0 auto 1rem; border-radius: .5rem; }
.hidden { display: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: -.5rem 0 1.5rem; font-size: .95rem; } nav a { text-decoration: none; padding: .2rem 0; color: var(--soft); } nav a[aria-current] { color: var(--ink); font-weight: 600; border-bottom: 2px solid var(--accent); }
textarea { display: block; width: 100%; margin-top: .3rem; padding: .6rem .7rem; font: inherit; font-weight: 400; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: .5rem; resize: vertical; }
a.button.plain { background: transparent; color: var(--ink); border: 1px solid var(--line); }
a.button { display: inline-block; padding: .65rem 1rem; font-weight: 600; border-radius: .5rem; background: var(--accent); color: var(--accent-ink); text-decoration: none; }
.amount { font-size: 2rem; font-weight: 650; line-height: 1.1; letter-spacing: -.02em; margin: 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: .5rem 1rem; margin: .75rem 0 0; } .facts dt { color: var(--soft); font-size: .8rem; } .facts dd { margin: 0; font-size: .95rem; overflow-wrap: anywhere; }
ul.list li.entry { display: block; padding: .9rem 0; } .head, .acts { display: flex; gap: .75rem; justify-content: space-between; align-items: flex-start; } .head > span:first-child { min-width: 0; overflow-wrap: anywhere; } .acts form { margin: 0; }
.badge { display: inline-block; padding: .05rem .5rem; border: 1px solid var(--line); border-radius: 1rem; color: var(--soft); font-size: .8rem; white-space: nowrap; }
.wait { padding: .6rem .8rem; border-radius: .5rem; border: 1px solid var(--accent); font-size: .95rem; }
details { margin-top: .75rem; } summary { cursor: pointer; color: var(--accent); font-size: .9rem; width: fit-content; } details form { margin-top: .75rem; }
.once { display: flex; gap: .75rem; align-items: center; justify-content: space-between; padding: .75rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--page); } .once code { user-select: all; }
label.check { font-weight: 400; }
section > :last-child { margin-bottom: 0; } ul.list li:last-child { padding-bottom: 0; } ul.list li:first-child { padding-top: 0; }
select { height: calc(1.5em + 1.2rem + 2px); } .names { align-items: end; }
ul.ways small { text-align: right; }
`
