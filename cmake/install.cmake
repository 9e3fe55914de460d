# Installs the libraries, headers, programs and pipelines, and the CMake packages that users find them by.
# Component "transport" is the package avp-transport and can be installed alone.

include(CMakePackageConfigHelpers)

function(avp_install_room room package)
  install(TARGETS avp_${room} EXPORT ${package}Targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${room})
  install(CODE "set(SOURCE \"${PROJECT_SOURCE_DIR}\")
                set(ROOM ${room})
                set(ROOMS \"${AVP_INSTALLED_ROOMS}\")
                set(DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}/avp\")
                include(\"${PROJECT_SOURCE_DIR}/cmake/public_headers.cmake\")" COMPONENT ${room})
endfunction()

function(avp_install_package package component)
  set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/${package})
  install(EXPORT ${package}Targets NAMESPACE avp:: DESTINATION ${folder} COMPONENT ${component})
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/${package}Config.cmake.in
                                ${PROJECT_BINARY_DIR}/${package}Config.cmake INSTALL_DESTINATION ${folder})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/${package}ConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/${package}Config.cmake ${PROJECT_BINARY_DIR}/${package}ConfigVersion.cmake
          DESTINATION ${folder} COMPONENT ${component})
endfunction()

set(AVP_INSTALLED_ROOMS transport)
if(AVP_ROOMS STREQUAL "all")
  list(APPEND AVP_INSTALLED_ROOMS gpu agents runtime)
endif()

avp_install_room(transport avp-transport)
avp_install_package(avp-transport transport)

if(AVP_ROOMS STREQUAL "all")
  foreach(room gpu agents runtime)
    avp_install_room(${room} avp-runtime)
  endforeach()
  avp_install_package(avp-runtime runtime)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/FindCAF.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/avp-runtime
          COMPONENT runtime)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/pipelines DESTINATION ${CMAKE_INSTALL_DATADIR}/avp COMPONENT runtime)
endif()
