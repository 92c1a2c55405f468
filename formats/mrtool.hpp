// All that a program needs to open measurement event logs, decode them, replay them and compare the result.
// Installed as <mrtool/mrtool.hpp>.
#pragma once

#include "formats/chain.hpp"
#include "formats/formats.hpp"
#include "lib/base/diagnostic.hpp"
#include "lib/base/error.hpp"
#include "lib/base/host.hpp"
#include "lib/content/content.hpp"
#include "lib/record/reader.hpp"
#include "lib/record/record.hpp"
#include "lib/record/writer.hpp"
#include "lib/registers/names.hpp"
#include "lib/registers/values.hpp"
#include "lib/replay/replay.hpp"
#include "lib/sources/sources.hpp"
