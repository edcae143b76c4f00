// Asks what others wrote whether rosterd is right. It reads the cases and our
// results that `go test ./scim/judges -write FOLDER` leaves in FOLDER, lets
// each judge decide, and wants every difference to have a reason that
// differences.json lists, with the section of the RFC that decides it.
//
// A reason is a correction: what is known to be amiss in the judge is put right
// before or behind it, and then it must say what we say. Which reasons a case
// needs is found by leaving them out one by one. So a reason explains only what
// it names, and one that no case needs any more is an error.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgePatch, patchReasons } from './patch.mjs';
import { filterReasons, judgeByParseFilter, judgeByScimmy, parseFilterReasons, scimmyReasons } from './filter.mjs';

const judges = [
  { name: 'scim-patch', file: 'patch.jsonl', reasons: [...patchReasons, ...parseFilterReasons, ...filterReasons], judge: judgePatch },
  { name: 'scim2-parse-filter', file: 'filter.jsonl', reasons: [...parseFilterReasons, ...filterReasons], judge: judgeByParseFilter },
  { name: 'scimmy', file: 'filter.jsonl', reasons: [...scimmyReasons, ...filterReasons], judge: judgeByScimmy },
];

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node judge.mjs FOLDER');
  process.exit(2);
}
const listed = JSON.parse(readFileSync(new URL('differences.json', import.meta.url)));
const faults = [];
for (const j of judges) {
  hold(j, run(j), listed[j.name]);
}
faults.forEach((f) => console.error(f));
process.exit(faults.length ? 1 : 0);

// run counts how often the judge differs, and which reasons that takes.
function run({ name, file, reasons, judge }) {
  const cases = readFileSync(join(folder, file), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const out = { cases: cases.length, differ: 0, needed: new Map() };
  for (const c of cases) {
    if (judge(c, new Set())) continue;
    out.differ++;
    const on = new Set(reasons);
    if (!judge(c, on)) {
      fault(`${name}: no reason explains\n${JSON.stringify(c)}`);
      continue;
    }
    for (const r of reasons) {
      on.delete(r);
      if (!judge(c, on)) on.add(r);
    }
    for (const r of on) out.needed.set(r, (out.needed.get(r) ?? 0) + 1);
  }
  return out;
}

// hold compares what a run found with what is listed.
function hold({ name, reasons }, found, list) {
  console.log(`${name}: ${found.cases} cases, ${found.differ} differ`);
  if (found.cases !== list.cases) fault(`${name}: ${found.cases} cases, the list is of ${list.cases}`);
  for (const r of new Set([...reasons, ...Object.keys(list.reasons)])) {
    const n = found.needed.get(r) ?? 0;
    const want = list.reasons[r];
    if (n > 0) console.log(`  ${String(n).padStart(5)} ${r}: ${want?.section}, ${want?.why}`);
    if (n > (want?.cases ?? 0)) fault(`${name}: ${r} explains ${n} cases, ${want?.cases ?? 0} are listed; the list may only shrink`);
    if (want && n === 0) fault(`${name}: no case needs ${r} any more; take it off the list`);
    else if (want && n < want.cases) fault(`${name}: ${r} explains ${n} cases, ${want.cases} are listed; write the smaller number`);
  }
}

function fault(text) {
  if (faults.length < 20) faults.push(text);
}
