# The benchmarks of the whole tool, which tools/bench runs; nothing of them is installed.
mrtool_folder(benchmark PATH tools/benchmark LINK CLI11::CLI11 OpenSSL::Crypto nlohmann_json::nlohmann_json fmt::fmt)
get_target_property(benchmark_sources mrtool_benchmark SOURCES)
list(FILTER benchmark_sources EXCLUDE REGEX "/(main|timed)\\.cpp$")
set_target_properties(mrtool_benchmark PROPERTIES SOURCES "${benchmark_sources}")
add_executable(mrtool-benchmark tools/benchmark/main.cpp)
target_link_libraries(mrtool-benchmark PRIVATE mrtool_options mrtool_benchmark mrtool_library)
add_executable(mrtool-timed tools/benchmark/timed.cpp)
target_link_libraries(mrtool-timed PRIVATE mrtool_options -Wl,--as-needed)  # small: it needs the C library only
set_target_properties(mrtool-benchmark mrtool-timed PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)

# Every *_bench.cpp is a Google Benchmark program, in bench/ of the build tree:
# formats/tcg/replay_bench.cpp is tcg_replay_bench.
include(cmake/program_name.cmake)
find_package(benchmark REQUIRED)

add_custom_target(benchmarks)
file(GLOB_RECURSE sources CONFIGURE_DEPENDS lib/*_bench.cpp formats/*_bench.cpp tools/*_bench.cpp)
foreach(source IN LISTS sources)
  mrtool_program_name(name ${source})
  add_executable(${name} EXCLUDE_FROM_ALL ${source})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(${name} PRIVATE mrtool_options mrtool_library benchmark::benchmark benchmark::benchmark_main)
  target_compile_definitions(${name} PRIVATE MRTOOL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_dependencies(benchmarks ${name})
endforeach()
