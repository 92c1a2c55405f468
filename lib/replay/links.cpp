// Links: extends whose meaning is settled, so that nothing is left of them but the hash. Those of a bank are folded in
// their order, by a strand where the records were handed over for good, at once where they were not.
#include <algorithm>
#include <utility>

#include "lib/replay/state.hpp"

namespace mrtool {

// A strand that is gone does nothing to the banks any more, any of which may be its last user's partner.
Replay::State::~State() {
  for (Bank& bank : banks_) {
    bank.strand.reset();
  }
}

void Replay::State::take(Batch& batch) {
  Work& work = free_work();
  std::swap(work.batch, batch);
  work.log = log_;
  work.grows = grows_;
  work_ = &work;
  for (const Record& record : work.batch.records) {
    add(record);
  }
  work_ = works_.front().get();
  // Found out before any strand begins, and empties the links. A bank goes with its partner.
  BankSet posted;
  for (const std::size_t position : bank_order_) {
    const auto& partner = banks_[position].partner;
    posted.set(position, !work.links[position].empty() && !(partner && posted.test(*partner)));
  }
  for (const std::size_t position : bank_order_) {
    if (posted.test(position)) {
      work.users.fetch_add(1, std::memory_order_relaxed);
      banks_[position].strand->post([this, position, &work] {
        fold_links(position, work);
        work.users.fetch_sub(1, std::memory_order_release);
      });
    }
  }
}

Work& Replay::State::free_work() {
  for (std::size_t i = 1; i < works_.size(); ++i) {
    if (works_[i]->users.load(std::memory_order_acquire) == 0) {
      return *works_[i];
    }
  }
  return *works_.emplace_back(std::make_unique<Work>());
}

void Replay::State::push_link(Cell& cell, const Record& record, std::size_t position, ByteView digest,
                              ByteView padded) {
  work_->links[position].push_back({.cell = &cell,
                                    .digest = digest.data(),
                                    .padded = padded.empty() ? nullptr : padded.data(),
                                    .record = record.number});
}

// False: the record has to be looked at together with its cell.
bool Replay::State::add_link(const Record& record, std::size_t slot, std::size_t position, ByteView digest,
                             bool readings) {
  Bank& bank = banks_[position];
  if (slot >= bank.footings.size()) {
    return false;
  }
  const Footing& footing = bank.footings[slot];
  if (!footing.known || (rules_left_out_ && !footing.rule_is_choice) ||
      (record.content == ContentType::tsm && !footing.stated)) {
    return false;
  }
  ByteView padded;
  if (footing.trail) {
    if (record.tentative || record.asserts) {
      return false;
    }
    padded = alternative_for(record, bank.row->id, bank.row->size);
    if (footing.padded ? record.starts_instance : !padded.empty()) {
      return false;
    }
  } else if (readings) {
    return false;
  }
  push_link(*footing.cell, record, position, digest, padded);
  return true;
}

void Replay::State::set_footing(std::size_t position, std::size_t slot) {
  Bank& bank = banks_[position];
  Cell& here = bank.cells[slot];
  here.is_pcr0 = slots_[slot].reg == kPcr0;
  if (slot >= bank.footings.size()) {
    bank.footings.resize(slot + 1);
  }
  Footing& footing = bank.footings[slot];
  footing = {
      .cell = &here, .known = here.started, .trail = here.trail != nullptr, .rule_is_choice = here.rule_is_choice};
  if (here.trail) {
    const std::vector<Reading>& readings = here.trail->readings;
    footing.known = std::ranges::none_of(readings, [](const Reading& reading) { return reading.block.open(); });
    footing.padded = std::ranges::find(readings, DigestRule::padded_sha1, &Reading::rule) != readings.end();
    footing.stated = here.trail->states_values && here.trail->hashed_in_log == log_count_;
  }
}

void Replay::State::begin_links(std::size_t position) {
  Bank& bank = banks_[position];
  bank.engine.emplace();
  for (const std::size_t other : bank_order_) {
    Bank& partner = banks_[other];
    if (partner.strand && !partner.partner && bank.engine->extends_beside(bank.row->id, partner.row->id)) {
      partner.strand->wait();  // for what it does without a partner
      bank.partner = other;
      partner.partner = position;
      bank.strand = partner.strand;
      return;
    }
  }
  bank.strand = std::make_shared<Strand>(options_.workers);
}

void Replay::State::fold_links(std::size_t position, Work& work) {
  Bank& bank = banks_[position];
  if (!bank.partner || work.links[*bank.partner].empty()) {
    fold_links_of(position, work);
    return;
  }
  if (!fold_beside(bank, banks_[*bank.partner], work.links[position], work.links[*bank.partner], work)) {
    fold_links_of(position, work);
    fold_links_of(*bank.partner, work);
  }
}

namespace {

// The one register that they are all of, if it is read in one way and has nothing but its value to be looked at.
Cell* only_cell(std::span<const Link> links) {
  Cell* const cell = links.front().cell;
  const bool only = std::ranges::all_of(links, [cell](const Link& link) { return link.cell == cell; });
  return only && !cell->trail && !cell->is_pcr0 ? cell : nullptr;
}

}  // namespace

// False: they cannot be.
bool Replay::State::fold_beside(Bank& bank, Bank& partner, std::vector<Link>& links, std::vector<Link>& others,
                                const Work& work) {
  if (only_cell(links) == nullptr || only_cell(others) == nullptr) {
    return false;
  }
  const auto chain_of = [](Bank& of, std::vector<Link>& its) {
    for (const Link& link : its) {
      chain_link(of, link);
    }
    its.clear();
    of.chain_count = 0;
    LinkChain& chain = of.chains.front();
    chain.values.resize(chain.records.size() * of.row->size);
    return HashEngine::Chain{.value = &chain.cell->value, .digests = chain.digests, .values = chain.values};
  };
  const HashEngine::Chain one = chain_of(bank, links);
  const HashEngine::Chain other = chain_of(partner, others);
  const Digest before = *one.value;
  const Digest before_other = *other.value;
  bank.engine->extend_beside(bank.row->id, one, partner.row->id, other);
  end_chain(bank, bank.chains.front(), before, work);
  end_chain(partner, partner.chains.front(), before_other, work);
  return true;
}

void Replay::State::fold_links_of(std::size_t position, Work& work) {
  Bank& bank = banks_[position];
  std::vector<Link>& links = work.links[position];
  const auto is_first = [&](const Link& link) { return link.cell == links.front().cell; };
  const bool together =
      bank.cells.size() >= bank.engine->extend_together(bank.row->id) && !std::ranges::all_of(links, is_first);
  for (const Link& link : links) {
    if (link.cell->trail) {
      fold_in_readings(bank, link, work);
    } else if (together) {
      chain_link(bank, link);
    } else {
      fold_in_cell(bank, link, work, position);
    }
  }
  links.clear();
  if (bank.chain_count != 0) {
    fold_chains(position, work);
  }
}

void Replay::State::chain_link(Bank& bank, const Link& link) {
  Cell& here = *link.cell;
  if (here.chain == 0) {
    here.chain = ++bank.chain_count;
    bank.chains.resize(std::max(bank.chains.size(), bank.chain_count));
    bank.chains[here.chain - 1].cell = &here;
  }
  LinkChain& chain = bank.chains[here.chain - 1];
  chain.digests.push_back(link.digest);
  if (!here.targets.empty()) {
    chain.records.push_back(link.record);
  }
}

void Replay::State::fold_chains(std::size_t position, const Work& work) {
  Bank& bank = banks_[position];
  const std::span<LinkChain> chains = std::span(bank.chains).first(std::exchange(bank.chain_count, 0));
  std::vector<HashEngine::Chain> extended;
  std::vector<Digest> before;
  for (LinkChain& chain : chains) {
    chain.values.resize(chain.records.size() * bank.row->size);
    extended.push_back({.value = &chain.cell->value, .digests = chain.digests, .values = chain.values});
    before.push_back(chain.cell->value);
    if (chain.cell->is_pcr0 && !chain.cell->targets.empty()) {
      for (Digest& value : hints_->pcr0_values(*bank.row, position)) {
        extended.push_back({.value = &value, .digests = chain.digests});
      }
    }
  }
  bank.engine->extend_many(bank.row->id, extended);
  for (std::size_t i = 0; i < chains.size(); ++i) {
    end_chain(bank, chains[i], before[i], work);
  }
}

void Replay::State::end_chain(const Bank& bank, LinkChain& chain, const Digest& before, const Work& work) {
  if (chain.records.empty()) {
    chain.cell->records += chain.digests.size();
  } else {
    take_values(bank, chain, before, work);
  }
  chain.cell->chain = 0;
  chain.digests.clear();
  chain.records.clear();
}

void Replay::State::take_values(const Bank& bank, const LinkChain& chain, const Digest& before, const Work& work) {
  Cell& here = *chain.cell;
  Digest value = before;
  for (std::size_t i = 0; i < chain.records.size(); ++i) {
    for (Target& target : here.targets) {
      note_ahead(work.grows, value, here.records, target.match, target.value);
    }
    value = Digest(ByteView(chain.values).subspan(i * bank.row->size, bank.row->size));
    ++here.records;
    for (Target& target : here.targets) {
      note_match(chain.records[i], work.log, work.grows, value, here.records, target.match, target.value);
    }
  }
}

void Replay::State::fold_in_cell(Bank& bank, const Link& link, const Work& work, std::size_t position) {
  Cell& here = *link.cell;
  for (Target& target : here.targets) {
    note_ahead(work.grows, here.value, here.records, target.match, target.value);
  }
  const ByteView digest(link.digest, bank.row->size);
  bank.engine->extend(bank.row->id, here.value, digest);
  ++here.records;
  for (Target& target : here.targets) {
    note_match(link.record, work.log, work.grows, here.value, here.records, target.match, target.value);
  }
  if (here.is_pcr0 && !here.targets.empty()) {
    for (Digest& value : hints_->pcr0_values(*bank.row, position)) {
      bank.engine->extend(bank.row->id, value, digest);
    }
  }
}

void Replay::State::fold_in_readings(Bank& bank, const Link& link, const Work& work) {
  Cell& here = *link.cell;
  const Extender extender{*bank.engine, bank.row->id};
  for (Reading& reading : here.trail->readings) {
    for (std::size_t i = 0; i < here.targets.size(); ++i) {
      note_ahead(work.grows, reading.value, reading.records, reading.matched[i], here.targets[i].value);
    }
    const bool padded = reading.rule == DigestRule::padded_sha1 && link.padded != nullptr;
    reading.extend(extender, {padded ? link.padded : link.digest, bank.row->size});
    for (std::size_t i = 0; i < here.targets.size(); ++i) {
      note_match(link.record, work.log, work.grows, reading.value, reading.records, reading.matched[i],
                 here.targets[i].value);
    }
  }
}

void Replay::State::settle(std::size_t position) {
  Bank& bank = banks_[position];
  if (bank.strand) {
    bank.strand->wait();
  }
  if (!work_->links[position].empty()) {
    fold_links(position, *work_);
  }
}

Cell& Replay::State::settled_cell(std::size_t position, std::size_t slot) {
  settle(position);
  if (slot < banks_[position].footings.size()) {
    banks_[position].footings[slot] = {};
  }
  return cell(position, slot);
}

}  // namespace mrtool
