#!/usr/bin/env bash
# Examines one patient in Gazebo and in our own simulator, on Ubuntu 24.04 with ROS 2 Jazzy and Gazebo Harmonic, and
# writes a verdict to attach to a report: scripts/verify_gazebo.sh [NEW FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${ROS_DISTRO:-}" ]; then
  echo "source ROS and the workspace first: source /opt/ros/jazzy/setup.bash && source install/setup.bash" >&2
  exit 2
fi
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST ROS_DOMAIN_ID="${ROS_DOMAIN_ID:-$((RANDOM % 100 + 1))}"
exec python3 -m echopilot_bringup.gazebo_verdict "$@"
