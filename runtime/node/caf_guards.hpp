// What CAF 0.17 lacks where strangers and broken peers can reach it. Without the option AVP_CAF_GUARDS nothing of this
// is there, as it should be with a CAF that mends these faults itself.
#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/timespan.hpp>

namespace avp {

/// Every connection takes a file descriptor, those of strangers included, and where there is none left for a
/// certificate CAF ends the process. So this process may open as many files as the system lets it.
void guard_against_many_connections();

/// At each heartbeat CAF closes connections that have not heard anything yet, those that are being opened included. So
/// there are as few as one in `timeout`; node zero's pings tell sooner who is silent.
void guard_opening_connections(caf::actor_system_config& config, caf::timespan timeout);

// And functions that CAF calls stand in front of the ones that it means, each with its fault in caf_guards.cpp:
// * SSL_accept, SSL_connect, SSL_read, SSL_write: one stranger's failed handshake ended the connections of all others;
// * SSL_accept: nothing was said of a peer that is turned away;
// * caf::io::basp::valid: a header made room for up to 4 GiB before anything of that had come.

} // namespace avp
