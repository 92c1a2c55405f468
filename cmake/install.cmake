# cmake --install: the tool, the library with its headers, and what goes with them, each in its usual place.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mrtool)
# Headers name each other from the root of the source tree, so that root is on the include path too.
target_include_directories(mrtool_library INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/mrtool>)
target_compile_features(mrtool_library PUBLIC cxx_std_23)

install(TARGETS mrtool_library EXPORT mrtool ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY lib formats DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mrtool
  FILES_MATCHING PATTERN "*.hpp" PATTERN "mrtool.hpp" EXCLUDE PATTERN "*test*.hpp" EXCLUDE)
install(FILES formats/mrtool.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mrtool)

install(EXPORT mrtool NAMESPACE mrtool:: FILE mrtoolTargets.cmake DESTINATION ${package_dir})
configure_package_config_file(cmake/mrtoolConfig.cmake.in ${PROJECT_BINARY_DIR}/package/mrtoolConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/mrtoolConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/mrtoolConfig.cmake ${PROJECT_BINARY_DIR}/package/mrtoolConfigVersion.cmake
  DESTINATION ${package_dir})

# From where the .pc file lies, so that an installed tree can be moved.
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/mrtool.pc.in ${PROJECT_BINARY_DIR}/package/mrtool.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/mrtool.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS mrtool tsmfs RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(DIRECTORY man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 FILES_MATCHING PATTERN "*.5")
install(DIRECTORY man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man7 FILES_MATCHING PATTERN "*.7")
install(DIRECTORY tools/mrtool/schemas DESTINATION ${CMAKE_INSTALL_DATADIR}/mrtool FILES_MATCHING PATTERN "*.json")
install(FILES completions/mrtool.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME mrtool)
install(FILES completions/_mrtool DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES completions/mrtool.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
