# The name of a program with one source: its path below lib/, formats/ or tools/, with nothing said twice.
function(mrtool_program_name result source)
  file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${source})
  cmake_path(REMOVE_EXTENSION path)
  string(REGEX REPLACE "^(lib|formats|tools)/" "" path ${path})
  string(REPLACE "/" "_" path ${path})
  string(REGEX REPLACE "^([a-z0-9]+)_\\1_" "\\1_" path ${path})
  set(${result} ${path} PARENT_SCOPE)
endfunction()
