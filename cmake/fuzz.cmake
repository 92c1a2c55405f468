# Every *_fuzz.cpp is a libFuzzer program, in fuzz/ of the build tree: formats/tcg/reader_fuzz.cpp is tcg_reader_fuzz.
include(cmake/program_name.cmake)

file(GLOB_RECURSE sources CONFIGURE_DEPENDS lib/*_fuzz.cpp formats/*_fuzz.cpp tools/*_fuzz.cpp)
foreach(source IN LISTS sources)
  mrtool_program_name(name ${source})
  add_executable(${name} ${source})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  target_link_libraries(${name} PRIVATE mrtool_options mrtool_library)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
