// The lock of a state directory: a file of its own that only its owner can open, so that nobody who may but read can
// block an extend. It holds the number of the process that has it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "lib/base/host.hpp"

namespace mrtool::extend {

// Waits at most `wait` for the lock at `path`, which is held until the file is closed; a process that dies leaves it.
// Those who wait stand at `gate`, another file of the same directory that is only locked while waiting: one of them at
// a time waits for the lock itself, so that who has just let it go is behind him. Fails (io), with the holder's process
// id where it takes too long.
Result<std::unique_ptr<File>> acquire_lock(Host& host, const std::string& path, const std::string& gate,
                                           std::chrono::milliseconds wait);

// Waits at most `wait` for a lock on the file itself. False: it was held all the time.
Result<bool> wait_for_lock(File& file, std::chrono::milliseconds wait);

}  // namespace mrtool::extend
