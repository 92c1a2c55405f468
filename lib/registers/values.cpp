#include "lib/registers/values.hpp"

namespace mrtool {

std::string_view to_string(Authenticated authenticated) {
  switch (authenticated) {
    case Authenticated::none:
      return "none";
    case Authenticated::mac:
      return "mac";
    case Authenticated::signed_:
      return "signed";
    case Authenticated::live:
      return "live";
  }
  return "none";
}

}  // namespace mrtool
