'use strict';
// One page, no library. Every text from outside goes in as text, never as markup.

const $ = (id) => document.getElementById(id);
// What is invisible or turns the direction of reading is spelt out, as on the terminal.
const spelt = (text) => String(text).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => (c === '\n' || c === '\t' ? c : `\\u{${c.codePointAt(0).toString(16)}}`));
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'class') node.className = value;
    else if (typeof value === 'boolean') node.toggleAttribute(key, value);
    else if (value !== undefined && value !== null) node.setAttribute(key, key === 'title' || key === 'aria-label' ? spelt(value) : value);
  }
  const shown = children.filter((c) => c !== null && c !== undefined && c !== '');
  node.append(...shown.map((c) => (c instanceof Node ? c : spelt(c))));
  return node;
};

let key = '';              // the page's secret; see enter()
let queue = { items: [], unreadable: [] };
let filter = 'open';
let paper = null;          // as the program and earlier rulings have it
let edits = null;          // { fields: {name: text}, states: [{region, number}], chosen: [codes], shown: [candidates] }
const drafts = new Map();  // paper id to edits that were not decided yet
let page = 1;
let zoom = 1;
let checking = 0;
let lastDecided = null;    // { id } of a decision, or { join: page } of a split, for undo
let opening = 0;           // counts the papers that were asked for; only the last one is shown
let loading = false;       // another paper is on its way
let pictured = false;      // the scan on the screen is this paper's
let picture = '';          // the address of its picture in memory

const SURE = 0.8;          // below this a value is shown as doubtful

// ---- talking to the program ----------------------------------------------------------------------------------------------------------

class Refusal extends Error {
  constructor(status, body) {
    super(body.error || `The program answered with ${status}.`);
    this.status = status;
    this.body = body;
  }
}

async function fetched(path, body) {
  const headers = { 'x-certonboard-key': key };
  const options = body === undefined ? { headers } : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refusal(0, { error: 'The program does not answer; is it still running in its terminal?' });
  }
  if (answer.ok) return answer;
  let value = {};
  try { value = await answer.json(); } catch { value = {}; }
  throw new Refusal(answer.status, value);
}

async function ask(path, body) {
  const text = await (await fetched(path, body)).text();
  return text ? JSON.parse(text) : {};
}

/// The token of the address is given for the page's secret, once; reloads and further windows find the secret in the storage of this address.
async function enter() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  history.replaceState(null, '', '/');
  key = localStorage.getItem('key') || '';
  if (token) {
    try {
      key = (await ask('/api/enter', { token })).key;
      localStorage.setItem('key', key);
    } catch (error) {
      if (!key) throw error;
    }
  }
}

function toast(text) {
  $('toast').textContent = spelt(text);
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $('toast').textContent = ''; }, 6000);
}

// ---- the queue ------------------------------------------------------------------------------------------------------------------------

const isOpen = (item) => item.standing === 'open' || item.standing === 'later';
const inFilter = (item) => filter === 'all' || (filter === 'open') === isOpen(item);
const visible = () => queue.items.filter(inFilter);

async function loadQueue() {
  queue = await ask('/api/queue');
  document.title = `Review – ${spelt(queue.merchant || queue.run)}`;
  $('merchant').textContent = spelt(queue.merchant || queue.run);
  const open = queue.items.filter(isOpen).length;
  const n = queue.items.length;
  $('progress').textContent = `${n - open} of ${n} papers decided · ${queue.user}`;
  for (const button of document.querySelectorAll('[data-filter]')) {
    const count = { open, decided: n - open, all: n }[button.dataset.filter];
    const name = button.dataset.filter;
    button.textContent = `${name[0].toUpperCase()}${name.slice(1)} ${count}`;
    button.setAttribute('aria-pressed', String(name === filter));
  }
  const lost = queue.unreadable;
  $('unreadable').hidden = lost.length === 0;
  $('unreadable').querySelector('summary').textContent = `${lost.length} could not be read`;
  $('unreadable').querySelector('ul').replaceChildren(...lost.map(([file, why]) => make('li', {}, make('b', {}, file), ` ${why}`)));
  drawQueue();
}

const WORDS = { later: 'skipped', accepted: 'accepted', rejected: 'rejected', applied: 'in the service' };

function drawQueue() {
  const rows = visible().map((item) => {
    const [first, last] = item.pages;
    const where = first === last ? (first === 1 ? '' : ` p${first}`) : ` p${first}–${last}`;
    const tag = item.standing !== 'open' ? make('span', { class: `tag ${item.standing}` }, WORDS[item.standing])
      : item.drawn ? make('span', { class: 'tag drawn' }, 'check') : make('span', { class: `tag ${item.disposition}` }, item.disposition);
    const button = make('button', { type: 'button', 'data-id': item.id, 'aria-current': String(paper !== null && paper.item.id === item.id), onclick: () => open(item.id) },
      make('b', {}, item.purchaser || 'No purchaser read'),
      make('small', {}, `${item.file}${where}`),
      make('small', {}, tag, ` ${[item.form, item.states.join(' ')].filter(Boolean).join(' · ')}`));
    return make('li', {}, button);
  });
  const inside = $('queue').contains(document.activeElement);
  $('queue').replaceChildren(...rows);
  const current = $('queue').querySelector('[aria-current="true"]');
  if (current) current.scrollIntoView({ block: 'nearest' });
  if (current && inside) current.focus();
}

async function setFilter(name) {
  filter = name;
  try {
    await loadQueue();
  } catch (error) { return toast(error.message); }
  if (!paper || !visible().some((i) => i.id === paper.item.id)) openFirst();
}

function openFirst() {
  const first = visible()[0];
  if (first) return open(first.id);
  paper = null;
  showEmpty();
}

function step(by) {
  const list = visible();
  if (!list.length) return;
  const at = paper ? list.findIndex((i) => i.id === paper.item.id) : -1;
  const next = at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + by));
  if (!paper || list[next].id !== paper.item.id) open(list[next].id);
}

function showEmpty() {
  $('scan').hidden = $('paper').hidden = paper === null;
  $('scan').style.display = $('paper').style.display = paper === null ? 'none' : '';
  $('empty').hidden = paper !== null;
  if (paper === null) {
    const done = filter === 'open' && queue.items.length > 0;
    $('empty').querySelector('h2').textContent = done ? 'Everything is decided.' : queue.items.length ? 'Nothing here.' : 'Nothing waits for a person.';
    $('empty').querySelector('p').textContent = queue.items.length ? `Press Finish, then: certonboard resume ${queue.run}` : '';
  }
  drawQueue();
}

// ---- one paper ------------------------------------------------------------------------------------------------------------------------

async function open(id) {
  const turn = ++opening;
  loading = true;
  enable();
  let view;
  try {
    view = await ask(`/api/paper/${id}`);
  } catch (error) {
    if (turn !== opening) return;
    loading = false;
    toast(error.message);
    // The list may be older than what it shows.
    if (error.status === 404) await loadQueue().catch(() => {});
    enable();
    return;
  }
  if (turn !== opening) return;
  remember();
  loading = false;
  paper = view;
  const draft = drafts.get(id);
  edits = draft && draft.revision === paper.revision ? draft : { revision: paper.revision, ...original(), chosen: [...paper.chosen], shown: paper.candidates };
  page = paper.item.pages[0];
  showEmpty();
  $('search').value = '';
  $('found').replaceChildren();
  showWrong([]);
  drawHead();
  drawCandidates();
  drawFields();
  drawStates();
  drawFindings(paper.findings);
  showPage();
  enable();
  $('paper').querySelector('.scroll').scrollTop = 0;
  if (isEdited()) check();
}

/// Is what stands on the screen the paper that an order would be about?
const ready = () => paper !== null && !loading && !acting && !$('ask').open && !$('help').open;

function enable() {
  const locked = !paper || loading || paper.item.standing === 'applied';
  for (const name of ['reject', 'later', 'turn']) $(name).disabled = locked;
  $('accept').disabled = locked || !pictured;
  $('reopen').disabled = locked || isOpenForGood();
  if (paper) $('split').disabled = locked || (page === paper.item.pages[0] && !paper.cut);
}

const isOpenForGood = () => !paper || paper.item.standing === 'open';
const original = () => ({
  fields: Object.fromEntries(paper.fields.map((f) => [f.field, f.value])),
  states: paper.states.map((s) => ({ region: s.region, number: s.number })),
});

function isEdited() {
  if (!paper) return false;
  const first = original();
  return JSON.stringify({ fields: edits.fields, states: edits.states }) !== JSON.stringify(first) || JSON.stringify(edits.chosen) !== JSON.stringify(paper.chosen);
}

function remember() {
  if (!paper) return;
  if (isEdited()) drafts.set(paper.item.id, edits);
  else drafts.delete(paper.item.id);
}

function drawHead() {
  const { item } = paper;
  const [first, last] = item.pages;
  const parts = [make('h2', {}, item.file), make('p', { class: 'soft' }, [paper.form_title || 'No form recognised', first === last ? `page ${first}` : `pages ${first} to ${last}`, paper.signed ? 'signed' : 'no signature found'].join(' · '))];
  if (paper.ruled) {
    const { by, at, customers, changed, why } = paper.ruled;
    const said = why ? `Rejected: ${why}` : `Accepted for ${customers.join(', ')}`;
    const more = changed && changed.length ? make('ul', {}, ...changed.map((c) => make('li', {}, `${c.what}: ${c.written || 'nothing'} instead of ${c.read || 'nothing'}`))) : null;
    parts.push(make('div', { class: 'ruled' }, `${said} (${by}, ${new Date(at).toLocaleString()})`, more));
  }
  const why = item.why.length ? item.why : [];
  if (why.length) parts.push(make('div', { class: 'why' }, make('ul', {}, ...why.map((w) => make('li', {}, w)))));
  $('head').replaceChildren(...parts);
}

function candidateRow(candidate, number) {
  const box = make('input', { type: 'checkbox', value: candidate.code, 'aria-label': `${candidate.code} ${candidate.name}` });
  box.checked = edits.chosen.includes(candidate.code);
  box.disabled = paper.item.standing === 'applied';
  box.addEventListener('change', () => choose(candidate, box.checked));
  const against = candidate.against.length ? make('small', { class: 'against' }, `Against it: ${candidate.against.join(', ')}`) : null;
  return make('label', { class: 'candidate' }, box,
    make('span', {}, make('b', {}, candidate.name), ' ', make('code', {}, candidate.code), candidate.exempt ? '' : make('span', { class: 'tag' }, 'taxable in the ERP')),
    number ? make('kbd', {}, String(number)) : make('span'),
    make('small', {}, candidate.address),
    make('small', {}, `${candidate.score.toFixed(2)} · ${candidate.evidence.join(', ')}`), against);
}

function drawCandidates() {
  const rows = edits.shown.map((c, n) => candidateRow(c, n < 9 ? n + 1 : 0));
  if (!rows.length) rows.push(make('p', { class: 'soft' }, 'Nobody in the list is like the purchaser.'));
  if (paper.doubt && paper.item.standing === 'open') rows.unshift(make('p', { class: 'soft' }, `Not sure: ${paper.doubt}`));
  const focused = document.activeElement && $('candidates').contains(document.activeElement) ? document.activeElement.value : null;
  $('candidates').replaceChildren(...rows);
  const again = focused && [...$('candidates').querySelectorAll('input')].find((box) => box.value === focused);
  if (again) again.focus();
}

function choose(candidate, on) {
  edits.chosen = edits.chosen.filter((code) => code !== candidate.code);
  if (on) edits.chosen.push(candidate.code);
  if (on && !edits.shown.some((c) => c.code === candidate.code)) {
    edits.shown = [...edits.shown, candidate];
    $('found').replaceChildren();
    $('search').value = '';
  }
  drawCandidates();
  check();
}

let searching;
function search() {
  clearTimeout(searching);
  searching = setTimeout(async () => {
    const text = $('search').value.trim();
    if (!text || !paper) return $('found').replaceChildren();
    try {
      const found = await ask(`/api/paper/${paper.item.id}/customers?q=${encodeURIComponent(text)}`);
      if (text !== $('search').value.trim()) return;
      const rows = found.map((c) => candidateRow(c, 0));
      $('found').replaceChildren(...(rows.length ? rows : [make('p', { class: 'soft' }, `None of ${queue.customers} customers has all of these words.`)]));
    } catch (error) { toast(error.message); }
  }, 150);
}

function drawFields() {
  const locked = paper.item.standing === 'applied';
  const rows = paper.fields.map((view) => {
    const id = `field-${view.field}`;
    let input;
    if (view.field === 'blanket') {
      const options = [['', 'not said'], ['blanket', 'blanket'], ['single', 'single purchase']];
      input = make('select', { id }, ...options.map(([value, text]) => make('option', { value }, text)));
    } else {
      input = make('input', { id, autocomplete: 'off', spellcheck: 'false', maxlength: '200', list: view.field === 'reason' ? 'reasons' : null, placeholder: view.field.endsWith('date') ? 'YYYY-MM-DD' : null });
    }
    input.value = edits.fields[view.field];
    input.disabled = locked;
    const row = make('div', { class: 'field', 'data-field': view.field },
      make('label', { for: id }, view.label), input, make('span', { class: 'was', hidden: true }), make('span', { class: 'wrong', 'data-wrong': view.field, hidden: true }));
    input.addEventListener('input', () => { edits.fields[view.field] = input.value; markField(row, view); check(); });
    input.addEventListener('focus', () => highlight(view.field, true));
    input.addEventListener('blur', () => highlight(view.field, false));
    markField(row, view);
    return row;
  });
  rows.push(make('datalist', { id: 'reasons' }, ...paper.reasons.map((r) => make('option', { value: r }))));
  $('fields').replaceChildren(...rows);
}

function markField(row, view) {
  const changed = edits.fields[view.field] !== view.value;
  row.classList.toggle('changed', changed);
  row.classList.toggle('doubtful', !changed && view.value !== '' && view.confidence !== null && view.confidence < SURE);
  const was = row.querySelector('.was');
  const other = edits.fields[view.field] !== view.read;
  was.hidden = !other;
  was.textContent = other ? `read: ${view.read || 'nothing'}` : '';
}

function drawStates() {
  const locked = paper.item.standing === 'applied';
  const rows = edits.states.map((state, n) => {
    const view = paper.states.find((s) => s.region === state.region.toUpperCase());
    const key = `state-${n}`;
    const doubtful = view && view.number === state.number && view.confidence < SURE ? 'doubtful' : '';
    const region = make('input', { id: `${key}-region`, class: doubtful, maxlength: '30', 'aria-label': 'State', placeholder: 'TX', autocomplete: 'off' });
    const number = make('input', { id: `${key}-number`, class: doubtful, maxlength: '50', 'aria-label': `Number of ${state.region || 'the state'}`, autocomplete: 'off', spellcheck: 'false', placeholder: 'no number' });
    const away = make('button', { type: 'button', title: 'Not claimed', 'aria-label': `Take ${state.region || 'this state'} away`, onclick: () => { edits.states.splice(n, 1); drawStates(); check(); } }, '×');
    region.value = state.region;
    number.value = state.number;
    [region, number, away].forEach((node) => { node.disabled = locked; });
    region.addEventListener('input', () => { state.region = region.value; check(); });
    number.addEventListener('input', () => { state.number = number.value; check(); });
    for (const input of [region, number]) {
      input.addEventListener('focus', () => view && highlight(`state:${view.region}`, true));
      input.addEventListener('blur', () => view && highlight(`state:${view.region}`, false));
    }
    return make('div', { class: 'state' }, region, number, away);
  });
  $('states').replaceChildren(...rows);
  $('add-state').disabled = locked;
}

const SIGNS = { pass: '✓', fail: '✗', unsure: '?' };

function drawFindings(findings) {
  $('findings').replaceChildren(...findings.map((f) => make('li', {}, make('details', {},
    make('summary', {}, make('b', { class: f.follows === 'reject' ? 'reject' : f.follows || f.verdict === 'pass' ? f.verdict : 'unsure' }, SIGNS[f.verdict]), ` ${f.short}`, f.follows ? make('span', { class: 'soft' }, ` (${f.follows})`) : '', f.evidence ? `: ${f.evidence}` : ''),
    make('p', {}, f.asks), f.source ? make('p', {}, `Source: ${f.source}`) : null))));
}

function showWrong(list) {
  for (const node of document.querySelectorAll('[data-wrong]')) {
    const found = list.find((m) => m.field === node.dataset.wrong);
    node.hidden = !found;
    node.textContent = found ? found.why : '';
  }
}

const asTyped = () => ({ fields: edits.fields, states: edits.states.filter((s) => s.region.trim() || s.number.trim()) });

let waiting;
function check() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    if (!paper) return;
    const turn = ++checking;
    const { id } = paper.item;
    try {
      const found = await ask(`/api/paper/${id}/check`, { edits: asTyped(), customers: edits.chosen });
      if (turn !== checking || !paper || paper.item.id !== id) return;
      showWrong(found.mistyped);
      if (!found.mistyped.length) {
        drawFindings(found.findings);
        // Those on the screen keep their places, so that a number key means what it shows.
        const old = edits.shown.map((c) => c.code);
        const place = (c) => (old.includes(c.code) ? old.indexOf(c.code) : old.length);
        edits.shown = [...found.candidates].sort((a, b) => place(a) - place(b));
        drawCandidates();
      }
    } catch (error) { toast(error.message); }
  }, 250);
}

// ---- the scan -------------------------------------------------------------------------------------------------------------------------

function showPage() {
  const [first, last] = paper.item.pages;
  page = Math.min(last, Math.max(first, page));
  $('page-number').textContent = `Page ${page - first + 1} of ${last - first + 1}`;
  $('page-back').disabled = page === first;
  $('page-on').disabled = page === last;
  const joins = page === first && paper.cut;
  $('split').firstChild.textContent = joins ? 'Join ' : 'Split ';
  $('split').title = joins ? 'It does not begin here: join it to the paper before (s)' : 'Another paper begins on this page (s)';
  fit();
  drawBoxes();
  loadPicture();
}

async function loadPicture() {
  const { id, file } = paper.item;
  const [shown, revision] = [page, paper.revision];
  const current = () => paper && paper.item.id === id && page === shown && paper.revision === revision;
  pictured = false;
  enable();
  // Another paper's scan must not stand beside these values.
  $('sheet').hidden = true;
  $('picture-problem').hidden = true;
  try {
    const bytes = await (await fetched(`/page/${id}/${shown}?r=${revision}`)).blob();
    if (!current()) return;
    URL.revokeObjectURL(picture);
    picture = URL.createObjectURL(bytes);
    $('picture').alt = `Page ${shown} of ${file}`;
    await new Promise((done, fail) => {
      $('picture').onload = done;
      $('picture').onerror = fail;
      $('picture').src = picture;
    });
    if (!current()) return;
    $('sheet').hidden = false;
    $('desk').scrollTop = 0;
  } catch (error) {
    if (!current()) return;
    $('picture-problem').hidden = false;
    $('picture-problem').textContent = error.body ? error.message : 'This page can’t be shown.';
  }
  pictured = true;
  enable();
}

function places() {
  const all = paper.fields.map((f) => ({ key: f.field, label: f.label, ...f }));
  all.push(...paper.states.map((s) => ({ key: `state:${s.region}`, label: `Number of ${s.region}`, ...s })));
  return all.filter((p) => p.bbox && p.bbox.length === 4);
}

function drawBoxes() {
  $('boxes').replaceChildren(...places().filter((p) => p.page === page).map((p) => {
    const [left, top, right, bottom] = p.bbox;
    const box = make('button', { type: 'button', tabindex: '-1', 'data-key': p.key, title: p.label, 'aria-label': p.label, class: p.confidence < SURE ? 'doubt' : '', onclick: () => focusField(p.key) });
    const pad = 0.003;
    box.style.left = `${(left - pad) * 100}%`;
    box.style.top = `${(top - pad) * 100}%`;
    box.style.width = `${(right - left + 2 * pad) * 100}%`;
    box.style.height = `${(bottom - top + 2 * pad) * 100}%`;
    return box;
  }));
}

function focusField(key) {
  if (key.startsWith('state:')) {
    const region = key.slice(6);
    const n = edits.states.findIndex((s) => s.region.toUpperCase() === region);
    if (n >= 0) $(`state-${n}-number`).focus();
    return;
  }
  const input = $(`field-${key}`);
  if (input) input.focus();
}

function highlight(key, on) {
  if (on) {
    const place = places().find((p) => p.key === key);
    if (place && place.page !== page) { page = place.page; showPage(); }
  }
  for (const box of $('boxes').children) {
    const mine = box.dataset.key === key;
    box.classList.toggle('on', on && mine);
    if (on && mine) box.scrollIntoView({ block: 'center', inline: 'nearest' });
  }
}

function fit() {
  $('sheet').style.width = `${Math.round(zoom * 100)}%`;
}

function zoomTo(value) {
  zoom = Math.min(4, Math.max(0.4, value));
  fit();
}

function turnPage(by) {
  if (!paper) return;
  page += by;
  showPage();
}

// ---- deciding -------------------------------------------------------------------------------------------------------------------------

/// A question in a dialog; gives `null` for no, else the text (empty where none was asked for).
function dialog({ title, lines = [], yes, label, text = '', bad = false }) {
  const box = $('ask');
  box.querySelector('h2').textContent = spelt(title);
  box.querySelector('.body').replaceChildren(...lines.map((line) => make('p', {}, line)));
  const field = box.querySelector('label');
  field.hidden = !label;
  field.querySelector('span').textContent = label || '';
  $('ask-text').value = text;
  const button = box.querySelector('[value="yes"]');
  button.textContent = yes;
  button.className = bad ? 'bad' : 'good';
  box.returnValue = 'no';
  box.showModal();
  if (label) { $('ask-text').focus(); $('ask-text').select(); } else button.focus();
  return new Promise((resolve) => {
    box.addEventListener('close', () => resolve(box.returnValue === 'yes' ? $('ask-text').value : null), { once: true });
  });
}
// Enter says yes, wherever the focus is.
$('ask').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && event.target.tagName === 'INPUT') { event.preventDefault(); $('ask').close('yes'); }
});

let acting = false;

/// An order about the paper that `target` names, which is the one that the person saw when it was given.
async function act(target, command, said) {
  if (acting) return;
  acting = true;
  document.body.classList.add('busy');
  enable();
  const free = () => { acting = false; document.body.classList.remove('busy'); enable(); };
  try {
    await ask(`/api/paper/${target.id}/act`, { revision: target.revision, command });
  } catch (error) {
    free();
    const same = paper && paper.item.id === target.id;
    if (error.body && error.body.kind === 'despite' && same) {
      const yes = await dialog({ title: 'The rules would reject this paper', lines: [...error.body.rules, `Accept ${paper.item.file} all the same? Your name stands beside it.`], yes: 'Accept it', bad: true });
      if (yes !== null) await act(target, { ...command, despite: true }, said);
      return;
    }
    if (error.body && error.body.kind === 'mistyped' && same) {
      showWrong(error.body.mistyped);
      const first = error.body.mistyped[0].field;
      const node = first === 'states' ? $('add-state') : $(`field-${first}`);
      if (node) node.focus();
    }
    toast(error.message);
    if (error.status === 409 || error.status === 404) {
      drafts.delete(target.id);
      await reload(target.id);
    }
    return;
  }
  drafts.delete(target.id);
  if (['accept', 'reject', 'later'].includes(command.do)) lastDecided = { id: target.id };
  if (command.do === 'split') lastDecided = { join: command.page, file: target.file };
  const order = visible().map((i) => i.id);
  const at = order.indexOf(target.id);
  if (paper && paper.item.id !== target.id) remember();
  paper = null;
  free();
  toast(said);
  try {
    await loadQueue();
  } catch (error) { return toast(error.message); }
  const later = order.slice(at + 1).concat(order.slice(0, Math.max(at, 0)));
  const stays = ['reopen', 'turn', 'join'].includes(command.do) && queue.items.some((i) => i.id === target.id);
  const waits = (id) => queue.items.some((i) => i.id === id && (filter !== 'open' || i.standing === 'open'));
  const next = stays ? target.id : later.find(waits);
  if (next) await open(next); else await openFirst();
}

/// After somebody else was quicker: what is there now.
async function reload(id) {
  if (paper && paper.item.id !== id) remember();
  paper = null;
  try {
    await loadQueue();
  } catch (error) { return toast(error.message); }
  if (queue.items.some((i) => i.id === id)) await open(id); else await openFirst();
}

/// The paper on the screen, as an order names it; nothing while another one is on its way.
const target = () => (ready() ? { id: paper.item.id, revision: paper.revision, file: paper.item.file } : null);

function accept() {
  const about = target();
  if (!about) return;
  if (!pictured) return toast('The page is still being drawn.');
  if (!edits.chosen.length) return toast('Choose the customer first: 1 to 9, or / to search.');
  act(about, { do: 'accept', customers: [...edits.chosen], edits: structuredClone(asTyped()) }, `Accepted for ${edits.chosen.join(', ')}: ${about.file}`);
}

async function reject() {
  const about = target();
  if (!about) return;
  const guess = paper.item.disposition === 'reject' ? paper.item.why.join('; ').slice(0, 500) : '';
  const why = await dialog({ title: `Reject ${about.file}?`, yes: 'Reject', label: 'Why is it not to be used?', text: guess, bad: true });
  if (why !== null) await act(about, { do: 'reject', why }, `Rejected: ${about.file}`);
}

function later() {
  const about = target();
  if (about) act(about, { do: 'later' }, `Skipped: ${about.file}`);
}

/// Reading a file again gives new values, so what was typed goes.
async function mayReadAgain() {
  if (!isEdited()) return true;
  return (await dialog({ title: 'The file is read again', lines: ['What you changed on this paper and did not decide is lost.'], yes: 'Go on' })) !== null;
}

async function turn() {
  const about = target();
  const shown = page;
  if (about && await mayReadAgain()) await act(about, { do: 'turn', page: shown }, 'Turned and read again.');
}

async function split() {
  const about = target();
  if (!about || $('split').disabled) return;
  const [first, last] = paper.item.pages;
  const shown = page;
  if (shown === first) {
    const yes = await dialog({ title: 'Join this paper to the one before?', lines: ['Both are read again.'], yes: 'Join' });
    if (yes !== null) await act(about, { do: 'join', page: first }, 'Joined and read again.');
    return;
  }
  const lines = [`Pages ${first} to ${shown - 1} become one paper, pages ${shown} to ${last} another. Both are read again.`];
  const yes = await dialog({ title: `Does another paper begin on page ${shown}?`, lines, yes: 'Split here' });
  if (yes !== null) await act(about, { do: 'split', page: shown }, `Split before page ${shown}: both parts are in the list.`);
}

async function undo() {
  if (acting || loading || $('ask').open) return;
  const about = target();
  if (about && !isOpenForGood() && paper.item.standing !== 'applied') return act(about, { do: 'reopen' }, `Open again: ${about.file}`);
  if (!lastDecided) return toast('There is nothing to undo.');
  const last = lastDecided;
  lastDecided = null;
  const mine = (i) => (last.id ? i.id === last.id : i.file === last.file && i.pages[0] === last.join);
  const item = queue.items.find(mine);
  if (!item) return toast('That paper is no longer in the list.');
  try {
    const view = await ask(`/api/paper/${item.id}`);
    const command = last.id ? { do: 'reopen' } : { do: 'join', page: last.join };
    await act({ id: item.id, revision: view.revision, file: item.file }, command, `${last.id ? 'Open again' : 'Joined again'}: ${item.file}`);
  } catch (error) { toast(error.message); }
}

async function finish() {
  remember();
  const left = queue.items.filter(isOpen).length;
  const lines = [left ? `${left} papers are still open; certonboard review ${queue.run} shows them again.` : 'Everything is decided.', `Carry out what was decided with: certonboard resume ${queue.run}`];
  if (drafts.size) lines.unshift(`${drafts.size} papers have changes that were not decided; they will be lost.`);
  const yes = await dialog({ title: 'Finish the review?', lines, yes: 'Finish' });
  if (yes === null) return;
  try { await ask('/api/finish', {}); } catch { /* it may be gone before it answers */ }
  localStorage.removeItem('key');
  drafts.clear();
  paper = null;
  document.querySelector('main').replaceChildren(make('section', { id: 'empty' }, make('h2', {}, 'The review is closed.'), make('p', {}, `Go on in the terminal: certonboard resume ${queue.run}`)));
  document.querySelector('header').replaceChildren(make('h1', {}, queue.merchant || queue.run));
}

function doubtful() {
  const all = [...document.querySelectorAll('#fields .doubtful input, #fields .doubtful select, #states input.doubtful')];
  const pool = all.length ? all : [...document.querySelectorAll('#fields input')];
  const at = pool.indexOf(document.activeElement);
  const next = pool[(at + 1) % pool.length];
  if (next) { next.focus(); if (next.select) next.select(); }
}

// ---- keys -----------------------------------------------------------------------------------------------------------------------------

const KEYS = [
  [['j', 'ArrowDown'], 'Next paper', () => step(1)],
  [['k', 'ArrowUp'], 'Paper before', () => step(-1)],
  [['1', '2', '3', '4', '5', '6', '7', '8', '9'], 'Choose a customer, or take it back', (pressed) => {
    const candidate = ready() && edits.shown[Number(pressed) - 1];
    if (candidate && paper.item.standing !== 'applied') choose(candidate, !edits.chosen.includes(candidate.code));
  }],
  [['/'], 'Search all customers', () => $('search').focus()],
  [['e'], 'Next doubtful value', doubtful],
  [['a'], 'Accept', accept],
  [['r'], 'Reject', reject],
  [['n'], 'Skip for now', later],
  [['u'], 'Undo', undo],
  [['s'], 'Split: another paper begins on this page; on the first page, join again', split],
  [['t'], 'Turn the page and read it again', turn],
  [['['], 'Page before', () => turnPage(-1)],
  [[']'], 'Next page', () => turnPage(1)],
  [['+', '='], 'Larger', () => zoomTo(zoom * 1.25)],
  [['-'], 'Smaller', () => zoomTo(zoom / 1.25)],
  [['0'], 'Fit the width', () => zoomTo(1)],
  [['?'], 'This list', () => $('help').showModal()],
];

document.addEventListener('keydown', (event) => {
  if ($('ask').open || $('help').open) return;
  const typing = event.target.matches('input:not([type="checkbox"]), select');
  if (event.key === 'Escape') {
    document.activeElement.blur();
    return;
  }
  if (typing && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); accept(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const found = KEYS.find(([keys]) => keys.includes(event.key));
  // A key that is held down must not decide about one paper after the other.
  if (event.repeat && !['j', 'k', 'ArrowDown', 'ArrowUp', '+', '=', '-'].includes(event.key)) return;
  if (!found || (!paper && !['j', 'k', 'u', '?', 'ArrowDown', 'ArrowUp'].includes(event.key))) return;
  event.preventDefault();
  found[2](event.key);
});

$('help').querySelector('table').replaceChildren(
  ...KEYS.map(([keys, text]) => make('tr', {}, make('td', {}, ...(keys.length > 2 ? [make('kbd', {}, '1'), '–', make('kbd', {}, '9')] : keys.flatMap((k) => [make('kbd', {}, k.replace('Arrow', '')), ' ']))), make('td', {}, text))),
  make('tr', {}, make('td', {}, make('kbd', {}, 'Esc')), make('td', {}, 'Leave a field, so that keys work')),
  make('tr', {}, make('td', {}, make('kbd', {}, 'Ctrl'), ' ', make('kbd', {}, 'Enter')), make('td', {}, 'Accept while typing')));

for (const button of document.querySelectorAll('[data-filter]')) button.addEventListener('click', () => setFilter(button.dataset.filter));
$('search').addEventListener('input', search);
$('add-state').addEventListener('click', () => { edits.states.push({ region: '', number: '' }); drawStates(); $(`state-${edits.states.length - 1}-region`).focus(); });
$('page-back').addEventListener('click', () => turnPage(-1));
$('page-on').addEventListener('click', () => turnPage(1));
$('zoom-in').addEventListener('click', () => zoomTo(zoom * 1.25));
$('zoom-out').addEventListener('click', () => zoomTo(zoom / 1.25));
$('zoom-fit').addEventListener('click', () => zoomTo(1));
$('turn').addEventListener('click', turn);
$('split').addEventListener('click', split);
$('accept').addEventListener('click', accept);
$('reject').addEventListener('click', reject);
$('later').addEventListener('click', later);
$('reopen').addEventListener('click', undo);
$('finish').addEventListener('click', finish);
$('show-help').addEventListener('click', () => $('help').showModal());
// What another window decided shows when this one is looked at again.
document.addEventListener('visibilitychange', () => { if (!document.hidden) loadQueue().catch(() => {}); });
window.addEventListener('beforeunload', (event) => { remember(); if (drafts.size) event.preventDefault(); });

enter().then(loadQueue).then(openFirst).catch((error) => {
  paper = null;
  showEmpty();
  $('empty').querySelector('h2').textContent = error.message;
});
