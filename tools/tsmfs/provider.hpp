// The registers of one provider, and the values that are computed of others.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "lib/base/error.hpp"
#include "tools/tsmfs/register.hpp"

namespace mrtool::tsmfs {

// Where a write comes from: with the RFC's files the kernel keeps a log, with those of upstream it doesn't.
enum class Interface : std::uint8_t { rfc, upstream };

class Provider {
 public:
  // Errors (usage): a name that is no file's, two registers of one name and bank, sizes that don't fit, a report of
  // what isn't there.
  static Result<std::unique_ptr<Provider>> make(std::string name, std::vector<Definition> definitions);

  const std::string& name() const { return name_; }
  std::deque<SoftwareRegister>& registers() { return registers_; }

  // Reports are as old as the last refresh: reading one refreshes all, if a value was written directly since.
  ByteView value(SoftwareRegister& reg);
  // One write of a value, of any size: exactly the register's is extended or stored, others are EINVAL.
  Outcome<std::size_t> write_value(SoftwareRegister& reg, ByteView value, Interface interface);

 private:
  Provider() = default;
  Status add(Definition definition);
  void refresh();
  Bytes report(const Definition& definition);
  SoftwareRegister* find(std::string_view name);

  std::string name_;
  std::deque<SoftwareRegister> registers_;
  HashEngine engine_;
  bool in_sync_ = false;  // the reports are of the present values, or of those since lines were appended
};

}  // namespace mrtool::tsmfs
