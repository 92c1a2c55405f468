# One doctest program per folder, so that a folder is tested against no more than it may use.
find_package(doctest REQUIRED)

add_library(mrtool_test_main OBJECT cmake/test_main.cpp)
target_link_libraries(mrtool_test_main PUBLIC doctest::doctest PRIVATE mrtool_options)

get_property(folders GLOBAL PROPERTY mrtool_folders)
foreach(folder IN LISTS folders)
  get_property(path GLOBAL PROPERTY mrtool_path_of_${folder})
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${path}/*_test.cpp)
  if(tests)
    add_executable(${folder}_test ${tests})
    mrtool_together(${folder}_test "${tests}")
    set_target_properties(${folder}_test PROPERTIES UNITY_BUILD ON)
    # Tests spend their time in what they test: optimising them takes longer than it saves.
    target_compile_options(${folder}_test PRIVATE -O0)
    target_link_libraries(${folder}_test PRIVATE mrtool_test_main doctest::doctest mrtool_options mrtool_together_options)
    if(folder STREQUAL "tool")
      target_link_libraries(${folder}_test PRIVATE mrtool_tool yaml-cpp)
      add_dependencies(${folder}_test mrtool)
      target_compile_definitions(${folder}_test PRIVATE MRTOOL_BINARY="$<TARGET_FILE:mrtool>")
    elseif(folder STREQUAL "benchmark")
      target_link_libraries(${folder}_test PRIVATE mrtool_benchmark)
      add_dependencies(${folder}_test mrtool mrtool-timed)
      target_compile_definitions(${folder}_test PRIVATE
        MRTOOL_BINARY="$<TARGET_FILE:mrtool>" TIMED_BINARY="$<TARGET_FILE:mrtool-timed>")
    elseif(folder STREQUAL "tsmfs")
      target_link_libraries(${folder}_test PRIVATE mrtool_tsmfs)
      add_dependencies(${folder}_test mrtool tsmfs)
      target_compile_definitions(${folder}_test PRIVATE
        MRTOOL_BINARY="$<TARGET_FILE:mrtool>" TSMFS_BINARY="$<TARGET_FILE:tsmfs>")
    endif()
    target_link_libraries(${folder}_test PRIVATE mrtool_library nlohmann_json::nlohmann_json)
    target_compile_definitions(${folder}_test PRIVATE MRTOOL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${folder} COMMAND ${folder}_test)
  endif()
endforeach()

# Those that kill the tool at every system call take most of the time: beside each other, and first.
set_tests_properties(tool tsmfs PROPERTIES COST 2)
set_tests_properties(formats quote PROPERTIES COST 1)

find_program(sh sh REQUIRED)
find_program(perl perl REQUIRED)
add_test(NAME layering COMMAND ${sh} ${PROJECT_SOURCE_DIR}/cmake/layering_test.sh ${PROJECT_SOURCE_DIR})

add_test(NAME readme COMMAND ${perl} ${PROJECT_SOURCE_DIR}/cmake/examples_test.pl README.md
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(readme PROPERTIES
  ENVIRONMENT_MODIFICATION "PATH=path_list_prepend:$<TARGET_FILE_DIR:mrtool>")

# A sanitized library can't be linked into a program that isn't, and where it lands is the same.
if(NOT MRTOOL_SANITIZE)
  add_test(NAME install COMMAND ${sh} ${PROJECT_SOURCE_DIR}/cmake/install_test/run.sh
    ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR} ${CMAKE_CXX_COMPILER} ${CMAKE_INSTALL_LIBDIR})
endif()
