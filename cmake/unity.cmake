# In a unity build the files of one directory are compiled together: what they include is read once, which makes it
# several times cheaper. Tests always are; the rest where tools/check builds it. What is installed, debugged or linted is
# compiled file by file: each file includes what it needs, and g++ inlines less in large units.
add_library(mrtool_together_options INTERFACE)
# Names that another file has to itself are no reason to warn; nor is it that a class of a file, which an included file
# is to g++, has members of types that are known to this file only.
target_compile_options(mrtool_together_options INTERFACE
  "$<$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>:-Wno-shadow;$<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>>")

function(mrtool_together target sources)
  foreach(source IN LISTS sources)
    cmake_path(GET source PARENT_PATH directory)
    cmake_path(RELATIVE_PATH directory BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    string(MAKE_C_IDENTIFIER "${directory}" group)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
endfunction()

# These use a name for something else than another file of their directory does, and stay alone.
set_source_files_properties(
  formats/aael/vectors_test.cpp
  formats/cel/json_reader.cpp
  formats/cel/json_test.cpp
  formats/cel/kept_log_test.cpp
  formats/ima/entry.cpp
  formats/ima/survey.cpp
  formats/systemd/writer.cpp
  formats/tcg/writer.cpp
  formats/tsm/kept_log_test.cpp
  formats/tsm/vectors_test.cpp
  formats/tsm/writer_test.cpp
  lib/content/judgement.cpp
  lib/content/signature_list_test.cpp
  lib/content/spdm.cpp
  lib/content/spdm_test.cpp
  lib/content/spec_id.cpp
  lib/content/spec_id_test.cpp
  lib/content/uefi_gpt.cpp
  lib/content/uefi_variable_test.cpp
  lib/crypto/certificate_chain.cpp
  lib/crypto/hash.cpp
  lib/crypto/public_key.cpp
  lib/crypto/stream_hash.cpp
  lib/extend/keeper_log.cpp
  lib/extend/keeper_recovery.cpp
  lib/extend/keeper_test.cpp
  lib/extend/kernel_places.cpp
  lib/extend/lock.cpp
  lib/extend/recovery_test.cpp
  lib/extend/software_test.cpp
  lib/extend/tpm.cpp
  lib/extend/unfinished.cpp
  lib/quote/cca.cpp
  lib/quote/intel_certificates.cpp
  lib/quote/nitro.cpp
  lib/quote/nitro_test.cpp
  lib/quote/snp.cpp
  lib/quote/snp_test.cpp
  lib/quote/tdreport.cpp
  lib/quote/tdx.cpp
  lib/quote/tdx_collateral.cpp
  lib/quote/tdx_mutation_test.cpp
  lib/quote/tdx_test.cpp
  lib/quote/tdx_vectors_test.cpp
  lib/quote/tpm.cpp
  lib/quote/tpm_appraisal.cpp
  lib/quote/tpm_corpus_test.cpp
  lib/quote/tpm_mutation_test.cpp
  lib/quote/tpm_public.cpp
  lib/quote/tpm_signature.cpp
  lib/replay/tsm_test.cpp
  tools/mrtool/batch_test.cpp
  tools/mrtool/cli/completion_fish.cpp
  tools/mrtool/cli/table.cpp
  tools/mrtool/commands/extend.cpp
  tools/mrtool/commands/inspect_document.cpp
  tools/mrtool/commands/replay_view.cpp
  tools/mrtool/explain_test.cpp
  tools/mrtool/kept_log_test.cpp
  tools/mrtool/policy_test.cpp
  tools/mrtool/render/tpm2_variable.cpp
  tools/mrtool/terminal_test.cpp
  tools/mrtool/verify_corpus_test.cpp
  tools/mrtool/verify_live_test.cpp
  tools/tsmfs/provider.cpp
  tools/tsmfs/tree_test.cpp
  PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
