# What every room has in common: a shared library avp::NAME from all .cpp files of its folder, compiled as C++20.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};$ORIGIN")
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# What a program says of its source files (assertions of tests, of Torch) names them as they lie in the tree, and is the
# same whichever folder that is in: so the compiler's cache knows it there, too.
add_compile_options(-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)

add_library(avp_warnings INTERFACE)
target_compile_options(avp_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

# Sources name a header as it lies in the tree, "gpu/context.hpp"; who uses the installed package, <avp/gpu/context.hpp>.
function(avp_room name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/avp_[a-z]+_main\\.cpp$")
  add_library(avp_${name} SHARED ${sources})
  add_library(avp::${name} ALIAS avp_${name})
  set_target_properties(avp_${name} PROPERTIES EXPORT_NAME ${name} VERSION ${PROJECT_VERSION} SOVERSION 0)
  target_include_directories(avp_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
                                                $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/avp>)
  target_compile_features(avp_${name} PUBLIC cxx_std_20)
  target_link_libraries(avp_${name} PRIVATE $<BUILD_INTERFACE:avp_warnings>)
endfunction()

# For code that calls and is waited for but computes nothing. GCC takes two thirds of the time of -O3.
function(avp_compile_quickly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# Reads headers that most sources of a target include once for all of them. Where this is off, every source stands for
# itself. ccache keeps such objects with CCACHE_SLOPPINESS=pch_defines,time_macros.
option(AVP_PRECOMPILED_HEADERS "Precompile the headers that most sources of a room include" ON)
function(avp_precompile target)
  if(AVP_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>) # asked for by ccache
  endif()
endfunction()

# Takes the sources of an object library out of a room, which gets its objects.
function(avp_move_sources room objects)
  get_target_property(sources ${room} SOURCES)
  get_target_property(moved ${objects} SOURCES)
  list(TRANSFORM moved PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(REMOVE_ITEM sources ${moved})
  set_property(TARGET ${room} PROPERTY SOURCES ${sources})
  target_sources(${room} PRIVATE $<TARGET_OBJECTS:${objects}>)
endfunction()

# A program of a room: FILE_main.cpp becomes the executable NAME.
function(avp_program name room file)
  add_executable(${name} ${file})
  target_link_libraries(${name} PRIVATE avp::${room} avp_warnings)
  avp_compile_quickly(${name})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${room})
endfunction()
