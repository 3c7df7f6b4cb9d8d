'use strict';
// One page, no library. Every text from outside goes in as text, never as markup.

const $ = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (key === 'class') node.className = value;
    else if (typeof value === 'boolean') node.toggleAttribute(key, value);
    else if (value !== undefined && value !== null) node.setAttribute(key, value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== ''));
  return node;
};

let queue = { items: [], unreadable: [] };
let filter = 'open';
let paper = null;          // as the program and earlier rulings have it
let edits = null;          // { fields: {name: text}, states: [{region, number}], chosen: [codes], shown: [candidates] }
const drafts = new Map();  // paper id to edits that were not decided yet
let page = 1;
let zoom = 1;
let checking = 0;
let lastDecided = null;

const SURE = 0.8;          // below this a value is shown as doubtful

// ---- talking to the program ----------------------------------------------------------------------------------------------------------

class Refusal extends Error {
  constructor(status, body) {
    super(body.error || `The program answered with ${status}.`);
    this.status = status;
    this.body = body;
  }
}

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-certonboard': 'review' },
    body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refusal(0, { error: 'The program does not answer; is it still running in its terminal?' });
  }
  const text = await answer.text();
  let value = {};
  try { value = text ? JSON.parse(text) : {}; } catch { value = {}; }
  if (!answer.ok) throw new Refusal(answer.status, value);
  return value;
}

function toast(text) {
  $('toast').textContent = text;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $('toast').textContent = ''; }, 6000);
}

// ---- the queue ------------------------------------------------------------------------------------------------------------------------

const isOpen = (item) => item.standing === 'open' || item.standing === 'later';
const inFilter = (item) => filter === 'all' || (filter === 'open') === isOpen(item);
const visible = () => queue.items.filter(inFilter);

async function loadQueue() {
  queue = await ask('/api/queue');
  document.title = `Review – ${queue.merchant || queue.run}`;
  $('merchant').textContent = queue.merchant || queue.run;
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
  $('queue').replaceChildren(...rows);
  const current = $('queue').querySelector('[aria-current="true"]');
  if (current) current.scrollIntoView({ block: 'nearest' });
}

function setFilter(name) {
  filter = name;
  loadQueue().then(() => { if (!paper || !visible().some((i) => i.id === paper.item.id)) openFirst(); });
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
  let view;
  try {
    view = await ask(`/api/paper/${id}`);
  } catch (error) {
    toast(error.message);
    await loadQueue();
    return openFirst();
  }
  remember();
  paper = view;
  const draft = drafts.get(id);
  edits = draft && draft.revision === paper.revision ? draft : {
    revision: paper.revision,
    fields: Object.fromEntries(paper.fields.map((f) => [f.field, f.value])),
    states: paper.states.map((s) => ({ region: s.region, number: s.number })),
    chosen: [...paper.chosen],
    shown: paper.candidates,
  };
  page = paper.item.pages[0];
  showEmpty();
  $('search').value = '';
  $('found').replaceChildren();
  drawHead();
  drawCandidates();
  drawFields();
  drawStates();
  drawFindings(paper.findings);
  showPage();
  const locked = paper.item.standing === 'applied';
  for (const name of ['accept', 'reject', 'later', 'turn']) $(name).disabled = locked;
  $('reopen').disabled = locked || isOpenForGood();
  $('paper').querySelector('.scroll').scrollTop = 0;
  if (isEdited()) check();
}

const isOpenForGood = () => paper.item.standing === 'open';
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
  $('candidates').replaceChildren(...rows);
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
        edits.shown = found.candidates;
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
  $('split').disabled = page === first || paper.item.standing === 'applied';
  $('picture-problem').hidden = true;
  $('sheet').hidden = false;
  const picture = $('picture');
  picture.alt = `Page ${page} of ${paper.item.file}`;
  picture.src = `/page/${paper.item.id}/${page}?r=${paper.revision}`;
  fit();
  drawBoxes();
}

$('picture').addEventListener('error', async () => {
  if (!paper) return;
  $('sheet').hidden = true;
  const text = $('picture-problem');
  text.hidden = false;
  text.textContent = 'This page can’t be shown.';
  try { await ask(`/page/${paper.item.id}/${page}?r=${paper.revision}&why`); } catch (error) { text.textContent = error.message; }
});

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
  box.querySelector('h2').textContent = title;
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
async function act(command, said) {
  if (!paper || acting) return;
  acting = true;
  document.body.classList.add('busy');
  const { item, revision } = paper;
  try {
    await ask(`/api/paper/${item.id}/act`, { revision, command });
    drafts.delete(item.id);
    if (['accept', 'reject', 'later'].includes(command.do)) lastDecided = item.id;
    const order = visible().map((i) => i.id);
    const at = order.indexOf(item.id);
    paper = null;
    await loadQueue();
    toast(said);
    const later = order.slice(at + 1).concat(order.slice(0, Math.max(at, 0)));
    const stays = ['reopen', 'turn'].includes(command.do) && queue.items.some((i) => i.id === item.id);
    const next = stays ? item.id : later.find((id) => queue.items.some((i) => i.id === id && (filter !== 'open' || i.standing === 'open')));
    if (next) await open(next); else openFirst();
  } catch (error) {
    if (error.body && error.body.kind === 'despite') {
      acting = false;
      document.body.classList.remove('busy');
      const yes = await dialog({ title: 'The rules would reject this paper', lines: [...error.body.rules, 'Accept it all the same? Your name stands beside it.'], yes: 'Accept it', bad: true });
      if (yes !== null) await act({ ...command, despite: true }, said);
      return;
    }
    if (error.body && error.body.kind === 'mistyped') {
      showWrong(error.body.mistyped);
      const first = error.body.mistyped[0].field;
      const node = first === 'states' ? $('add-state') : $(`field-${first}`);
      if (node) node.focus();
    }
    toast(error.message);
    if (error.status === 409 || error.status === 404) {
      drafts.delete(item.id);
      await loadQueue();
      if (queue.items.some((i) => i.id === item.id)) { paper = null; await open(item.id); } else openFirst();
    }
  } finally {
    acting = false;
    document.body.classList.remove('busy');
  }
}

function accept() {
  if (!paper) return;
  if (!edits.chosen.length) {
    toast('Choose the customer first: 1 to 9, or / to search.');
    return;
  }
  return act({ do: 'accept', customers: edits.chosen, edits: asTyped() }, `Accepted for ${edits.chosen.join(', ')}: ${paper.item.file}`);
}

async function reject() {
  if (!paper) return;
  const guess = paper.item.disposition === 'reject' ? paper.item.why.join('; ').slice(0, 500) : '';
  const why = await dialog({ title: `Reject ${paper.item.file}?`, yes: 'Reject', label: 'Why is it not to be used?', text: guess, bad: true });
  if (why !== null) await act({ do: 'reject', why }, `Rejected: ${paper.item.file}`);
}

async function split() {
  if (!paper || $('split').disabled) return;
  const lines = [`Pages ${paper.item.pages[0]} to ${page - 1} become one paper, pages ${page} to ${paper.item.pages[1]} another. Both are read again.`];
  const yes = await dialog({ title: `Does another paper begin on page ${page}?`, lines, yes: 'Split here' });
  if (yes !== null) await act({ do: 'split', page }, `Split before page ${page}: both parts are in the list.`);
}

async function undo() {
  if (paper && !isOpenForGood() && paper.item.standing !== 'applied') return act({ do: 'reopen' }, `Open again: ${paper.item.file}`);
  if (!lastDecided) return toast('There is nothing to undo.');
  const id = lastDecided;
  lastDecided = null;
  if (filter === 'open') { filter = 'all'; await loadQueue(); }
  await open(id);
  if (paper && paper.item.id === id) {
    filter = 'open';
    await act({ do: 'reopen' }, `Open again: ${paper.item.file}`);
  }
}

async function finish() {
  remember();
  const left = queue.items.filter(isOpen).length;
  const lines = [left ? `${left} papers are still open; certonboard review ${queue.run} shows them again.` : 'Everything is decided.', `Carry out what was decided with: certonboard resume ${queue.run}`];
  if (drafts.size) lines.unshift(`${drafts.size} papers have changes that were not decided; they will be lost.`);
  const yes = await dialog({ title: 'Finish the review?', lines, yes: 'Finish' });
  if (yes === null) return;
  try { await ask('/api/finish', {}); } catch { /* it may be gone before it answers */ }
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
  [['1', '2', '3', '4', '5', '6', '7', '8', '9'], 'Choose a customer, or take it back', (key) => {
    const candidate = edits && edits.shown[Number(key) - 1];
    if (candidate && paper.item.standing !== 'applied') choose(candidate, !edits.chosen.includes(candidate.code));
  }],
  [['/'], 'Search all customers', () => $('search').focus()],
  [['e'], 'Next doubtful value', doubtful],
  [['a'], 'Accept', accept],
  [['r'], 'Reject', reject],
  [['n'], 'Skip for now', () => act({ do: 'later' }, `Skipped: ${paper && paper.item.file}`)],
  [['u'], 'Undo', undo],
  [['s'], 'Split: another paper begins on this page', split],
  [['t'], 'Turn the page and read it again', () => act({ do: 'turn', page }, 'Turned and read again.')],
  [['['], 'Page before', () => turnPage(-1)],
  [[']'], 'Next page', () => turnPage(1)],
  [['+', '='], 'Larger', () => zoomTo(zoom * 1.25)],
  [['-'], 'Smaller', () => zoomTo(zoom / 1.25)],
  [['0'], 'Fit the width', () => zoomTo(1)],
  [['?'], 'This list', () => $('help').showModal()],
];

document.addEventListener('keydown', (event) => {
  if (event.target.closest('dialog')) return;
  const typing = event.target.matches('input:not([type="checkbox"]), select');
  if (event.key === 'Escape') {
    document.activeElement.blur();
    return;
  }
  if (typing && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); accept(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const found = KEYS.find(([keys]) => keys.includes(event.key));
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
$('turn').addEventListener('click', () => act({ do: 'turn', page }, 'Turned and read again.'));
$('split').addEventListener('click', split);
$('accept').addEventListener('click', accept);
$('reject').addEventListener('click', reject);
$('later').addEventListener('click', () => act({ do: 'later' }, `Skipped: ${paper && paper.item.file}`));
$('reopen').addEventListener('click', undo);
$('finish').addEventListener('click', finish);
$('show-help').addEventListener('click', () => $('help').showModal());
// What another window decided shows when this one is looked at again.
document.addEventListener('visibilitychange', () => { if (!document.hidden) loadQueue().catch(() => {}); });
window.addEventListener('beforeunload', (event) => { remember(); if (drafts.size) event.preventDefault(); });

loadQueue().then(openFirst).catch((error) => {
  showEmpty();
  $('empty').querySelector('h2').textContent = error.message;
});
