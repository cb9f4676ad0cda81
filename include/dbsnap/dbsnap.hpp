// Everything a program needs, in one include.
#pragma once

#include "dbsnap/bytes.hpp"
#include "dbsnap/clock.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/facts.hpp"
#include "dbsnap/host.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/manifest.hpp"
#include "dbsnap/password.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/repository.hpp"
#include "dbsnap/retention.hpp"
#include "dbsnap/sink.hpp"
#include "dbsnap/snapshotter.hpp"
#include "dbsnap/version.hpp"
