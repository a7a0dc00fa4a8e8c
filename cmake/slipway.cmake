# How Slipway's targets are declared: one library per folder, tests beside the code.
option(SLIPWAY_SANITIZE "Sanitizers to build with: empty, address, thread or fuzz" "")

add_library(slipway_options INTERFACE)
target_compile_options(slipway_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror)
target_include_directories(slipway_options INTERFACE ${CMAKE_SOURCE_DIR})
# Where speed does not count, what goes wrong with a JSON tree names the place in the document, at
# twice the cost of every tree. One value everywhere, or the one-definition rule is broken.
target_compile_definitions(slipway_options INTERFACE JSON_DIAGNOSTICS=$<BOOL:${SLIPWAY_SANITIZE}>)
target_link_libraries(slipway_options INTERFACE nlohmann_json::nlohmann_json)

if(SLIPWAY_SANITIZE STREQUAL "address")
  # GCC 12 takes the instrumentation of <regex> for reads of what was not written (its bug 105562).
  target_compile_options(slipway_options INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer
    -fno-sanitize-recover=all -Wno-maybe-uninitialized)
  target_link_options(slipway_options INTERFACE -fsanitize=address,undefined)
elseif(SLIPWAY_SANITIZE STREQUAL "thread")
  # GCC 12 warns that fences are not modelled; Boost.Asio uses them, and we do not.
  target_compile_options(slipway_options INTERFACE -fsanitize=thread -Wno-tsan)
  target_link_options(slipway_options INTERFACE -fsanitize=thread)
elseif(SLIPWAY_SANITIZE STREQUAL "fuzz")
  target_compile_options(slipway_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(slipway_options INTERFACE -fsanitize=address,undefined)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

function(slipway_library name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} slipway_options)
endfunction()

function(slipway_binary name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} slipway_options)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# A GoogleTest binary, run by ctest as a whole: one process per suite keeps start-up cost out.
# DEPS are libraries; LABELS name the rung of the test ladder (default: unit).
function(slipway_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} slipway_options GTest::gtest_main GTest::gmock)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# A fuzz target from NAME_fuzz.cpp, which lies beside the code that it tries. The preset `fuzz` makes
# a libFuzzer binary of it, for ./dev fuzz; every other build replays its corpus, testdata/fuzz/NAME,
# as a test. SEEDS are further files or folders to start from. Paths are relative to this folder.
set(SLIPWAY_FUZZ_LIST ${CMAKE_BINARY_DIR}/fuzz_targets.txt)  # a line each: NAME CORPUS SEEDS...
file(WRITE ${SLIPWAY_FUZZ_LIST} "")
add_custom_target(fuzz_targets)
function(slipway_fuzz source)
  cmake_parse_arguments(ARG "" "" "DEPS;SEEDS" ${ARGN})
  cmake_path(ABSOLUTE_PATH source)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET source STEM binary)
  string(REGEX REPLACE "_fuzz$" "" name ${binary})
  set(corpus ${folder}/testdata/fuzz/${name})
  list(TRANSFORM ARG_SEEDS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  add_executable(${binary} ${source})
  target_link_libraries(${binary} PRIVATE ${ARG_DEPS} slipway_options)
  if(SLIPWAY_SANITIZE STREQUAL "fuzz")
    target_link_options(${binary} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${binary} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
    add_dependencies(fuzz_targets ${binary})
    list(JOIN ARG_SEEDS " " seeds)
    file(APPEND ${SLIPWAY_FUZZ_LIST} "${name} ${corpus} ${seeds}\n")
  else()
    target_sources(${binary} PRIVATE ${CMAKE_SOURCE_DIR}/tools/fuzz_replay.cpp)
    add_test(NAME ${binary} COMMAND ${binary} ${corpus} ${ARG_SEEDS}
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${binary} PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()

# Every header compiles alone. A header that is the first include of some source file is shown to
# do so by that file; each of the others gets a translation unit that includes nothing else.
function(slipway_check_headers name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
    ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(shown)
  foreach(source ${sources})
    file(STRINGS ${source} first REGEX "^#include \"" LIMIT_COUNT 1)
    file(STRINGS ${source} any REGEX "^#include" LIMIT_COUNT 1)
    if(first STREQUAL any AND first MATCHES "\"(.*)\"")
      list(APPEND shown ${CMAKE_MATCH_1})
    endif()
  endforeach()
  list(REMOVE_ITEM headers ${shown})
  set(units)
  foreach(header ${headers})
    string(MAKE_C_IDENTIFIER ${header} unit)
    set(file ${CMAKE_BINARY_DIR}/headers/${unit}.cpp)
    if(NOT EXISTS ${file})
      file(WRITE ${file} "#include \"${header}\"\n")
    endif()
    list(APPEND units ${file})
  endforeach()
  if(units)
    add_library(${name} OBJECT ${units})
    target_link_libraries(${name} PRIVATE ${ARG_DEPS} slipway_options)
  endif()
endfunction()
