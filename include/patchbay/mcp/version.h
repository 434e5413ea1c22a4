#pragma once

#include <span>
#include <string_view>

/// The protocol revisions served here, as one table. Adding a revision is adding a row; no other file
/// compares version strings (R3).
namespace patchbay::mcp {

/// Legacy revisions begin with a handshake; modern ones carry everything in each request.
enum class Era { kLegacy, kModern };

struct Version {
  std::string_view name;
  Era era;
  bool batches;           ///< JSON-RPC arrays are understood
  bool audio;             ///< `audio` content blocks
  bool resource_links;    ///< `resource_link` content blocks
  bool structured;        ///< `structuredContent` is part of the revision
  bool progress_message;  ///< `notifications/progress` may have `message`
  bool icons;
  bool priming_event;   ///< streams open with an empty event that carries an id
  bool without_header;  ///< assumed for a claim-less HTTP request that names no version
};

/// Every served revision, newest first.
std::span<const Version> versions();
/// The row of a name in either era, or null.
const Version* find_version(std::string_view name);
const Version* find_version(std::string_view name, Era era);
/// The newest of an era.
const Version& newest(Era era);
/// What a legacy HTTP request speaks that names no version (L3).
const Version& version_without_header();

}  // namespace patchbay::mcp
