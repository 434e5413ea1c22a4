# patchbay_module(<name> SOURCES <files> [DEPS <modules and libraries>] [APART <files>])
#
# A module is one static library, patchbay_<name>: public headers under include/patchbay/<name>,
# everything else under src/<name>. DEPS are modules in lower layers, or imported library targets.
# Sources are compiled eight at a time: most of the work is in the headers. Files whose private names would meet those of
# another are named in APART and compiled alone.

set(PATCHBAY_SANITIZE "" CACHE STRING "Sanitizers for every target, for example address,undefined")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The cache serves any checkout: paths below the source folder are rewritten as relative ones, and the
  # precompiled header is compared by content.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
endif()

find_program(MOLD_PROGRAM mold)

add_library(patchbay_options INTERFACE)
target_compile_features(patchbay_options INTERFACE cxx_std_20)
target_include_directories(patchbay_options INTERFACE ${CMAKE_SOURCE_DIR}/include)
# GCC 12 takes members of an empty std::optional for uninitialised variables when it optimises.
target_compile_options(patchbay_options INTERFACE
  -Wall -Wextra -Wshadow -Werror -fno-strict-aliasing -fstack-protector-strong -fpch-preprocess
  $<$<CONFIG:Debug>:-O0 -g1>
  $<$<CONFIG:Release>:-O2 -D_FORTIFY_SOURCE=3 -fstack-clash-protection -Wno-maybe-uninitialized
    -ffunction-sections -fdata-sections>)
target_compile_definitions(patchbay_options INTERFACE
  JSON_USE_IMPLICIT_CONVERSIONS=0 _GLIBCXX_ASSERTIONS PATCHBAY_VERSION="${PROJECT_VERSION}")
target_link_options(patchbay_options INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed $<$<CONFIG:Release>:-Wl,--gc-sections>)
if(MOLD_PROGRAM)
  target_link_options(patchbay_options INTERFACE -fuse-ld=mold)
endif()
if(PATCHBAY_SANITIZE)
  target_compile_options(patchbay_options INTERFACE -fsanitize=${PATCHBAY_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(patchbay_options INTERFACE -fsanitize=${PATCHBAY_SANITIZE})
  if(PATCHBAY_SANITIZE MATCHES "undefined")
    target_compile_options(patchbay_options INTERFACE -fno-sanitize-recover=all)
  endif()
endif()
# One setting for libraries and programs, or they could not share the precompiled header.
if(PATCHBAY_SANITIZE)
  # Checks bring hundreds of thousands of addresses; relocating them takes longer than most tests.
  target_compile_options(patchbay_options INTERFACE -fno-pie)
  target_link_options(patchbay_options INTERFACE -no-pie)
else()
  target_compile_options(patchbay_options INTERFACE -fPIE)
  target_link_options(patchbay_options INTERFACE -pie)
endif()
# Libraries whose definitions the precompiled header depends on; every target has them, and only these.
target_link_libraries(patchbay_options INTERFACE nlohmann_json::nlohmann_json fmt::fmt)

# The standard library, nlohmann_json and fmt are parsed once for all modules.
add_library(patchbay_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
# Named here and not in a header of ours, so that the result holds no path of this checkout and a compiler cache can
# share it between checkouts.
target_precompile_headers(patchbay_pch PRIVATE
  "<algorithm>"
  "<array>"
  "<atomic>"
  "<chrono>"
  "<condition_variable>"
  "<cstdint>"
  "<cstring>"
  "<deque>"
  "<functional>"
  "<map>"
  "<memory>"
  "<mutex>"
  "<optional>"
  "<set>"
  "<string>"
  "<string_view>"
  "<thread>"
  "<unordered_map>"
  "<utility>"
  "<variant>"
  "<vector>"
  "<fmt/format.h>"
  "<nlohmann/json.hpp>")
target_link_libraries(patchbay_pch PUBLIC patchbay_options)

function(patchbay_common target)
  target_link_libraries(${target} PUBLIC patchbay_options)
  target_precompile_headers(${target} REUSE_FROM patchbay_pch)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  if(ARGN)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

function(patchbay_module name)
  cmake_parse_arguments(ARG "OBJECT" "" "SOURCES;DEPS;APART" ${ARGN})
  if(ARG_OBJECT)
    add_library(patchbay_${name} OBJECT ${ARG_SOURCES})
  else()
    add_library(patchbay_${name} STATIC ${ARG_SOURCES})
  endif()
  patchbay_common(patchbay_${name} ${ARG_APART})
  target_include_directories(patchbay_${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(patchbay_${name} PUBLIC ${ARG_DEPS})
endfunction()
