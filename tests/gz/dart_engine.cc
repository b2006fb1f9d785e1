// Gazebo's physics (ignition-physics 5 with its DART plugin) stepped from a pipe: one request, one step of 1 ms, one
// answer. Arguments: engine library, world file, model, link that feels the wrench, fixed
// joint with the force sensor, then the moving joints in order.
//
// Request, doubles: mode (0 torques, 1 velocities, 2 set positions at rest, without a step), a value per joint,
// force [N] and torque [N m] (6) in world axes at the origin of the link.
// Answer, doubles: a position and then a velocity per joint, position [m] of the link, its rotation matrix by rows,
// linear and angular velocity in the world, the torque (3) of
// each joint on its child in world axes, force and torque of the sensor's joint on its child in the axes and at the
// origin of the joint: 5 n + 24 in all. Closing the pipe ends the process.

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <ignition/physics/ForwardStep.hh>
#include <ignition/physics/FrameSemantics.hh>
#include <ignition/physics/GetEntities.hh>
#include <ignition/physics/Joint.hh>
#include <ignition/physics/Link.hh>
#include <ignition/physics/RequestEngine.hh>
#include <ignition/physics/sdf/ConstructModel.hh>
#include <ignition/physics/sdf/ConstructWorld.hh>
#include <ignition/plugin/Loader.hh>
#include <sdf/Root.hh>
#include <sdf/World.hh>

namespace physics = ignition::physics;

using Features = physics::FeatureList<
  physics::ForwardStep, physics::GetEntities, physics::LinkFrameSemantics, physics::JointFrameSemantics,
  physics::GetJointTransmittedWrench, physics::GetBasicJointState,
  physics::SetBasicJointState, physics::SetJointVelocityCommandFeature, physics::AddLinkExternalForceTorque,
  physics::sdf::ConstructSdfWorld>;

int main(int argc, char ** argv)
{
  if (argc < 7) {
    std::cerr << "usage: dart_engine LIBRARY WORLD MODEL LINK SENSOR JOINT..." << std::endl;
    return 2;
  }
  ignition::plugin::Loader loader;
  if (loader.LoadLib(argv[1]).empty()) {
    std::cerr << "no engine in " << argv[1] << std::endl;
    return 2;
  }
  auto engine = physics::RequestEngine3d<Features>::From(loader.Instantiate("ignition::physics::dartsim::Plugin"));
  sdf::Root root;
  const sdf::Errors errors = root.Load(argv[2]);
  if (!engine || !errors.empty()) {
    for (const auto & error : errors) {std::cerr << error.Message() << std::endl;}
    std::cerr << "no world in " << argv[2] << std::endl;
    return 2;
  }
  auto world = engine->ConstructWorld(*root.WorldByIndex(0));
  auto model = world->GetModel(std::string(argv[3]));
  if (!model) {
    std::cerr << "no model " << argv[3] << std::endl;
    return 2;
  }
  auto link = model->GetLink(std::string(argv[4]));
  auto sensor = model->GetJoint(std::string(argv[5]));
  std::vector<decltype(model->GetJoint(0))> joints;
  for (int i = 6; i < argc; ++i) {
    joints.push_back(model->GetJoint(std::string(argv[i])));
    if (!joints.back() || !link || !sensor) {
      std::cerr << "no joint " << argv[i] << " or no link " << argv[4] << " or no joint " << argv[5] << std::endl;
      return 2;
    }
  }
  const std::size_t n = joints.size();
  std::vector<double> request(1 + n + 6), answer(5 * n + 24);
  physics::ForwardStep::Input input;
  physics::ForwardStep::State state;
  physics::ForwardStep::Output output;
  while (std::fread(request.data(), sizeof(double), request.size(), stdin) == request.size()) {
    const int mode = static_cast<int>(request[0]);
    for (std::size_t i = 0; i < n; ++i) {
      const double value = request[1 + i];
      if (mode == 0) {
        joints[i]->SetForce(0, value);
      } else if (mode == 1) {
        joints[i]->SetVelocityCommand(0, value);
      } else {
        joints[i]->SetPosition(0, value);
        joints[i]->SetVelocity(0, 0.0);
      }
    }
    if (mode != 2) {
      const double * w = request.data() + 1 + n;
      link->AddExternalForce(Eigen::Vector3d(w[0], w[1], w[2]));
      link->AddExternalTorque(Eigen::Vector3d(w[3], w[4], w[5]));
      world->Step(output, state, input);
    }
    const auto frame = link->FrameDataRelativeToWorld();
    for (std::size_t i = 0; i < n; ++i) {
      answer[i] = joints[i]->GetPosition(0);
      answer[n + i] = joints[i]->GetVelocity(0);
    }
    double * out = answer.data() + 2 * n;
    for (std::size_t i = 0; i < n; ++i) {
      const auto wrench = joints[i]->GetTransmittedWrench(joints[i]->GetFrameID(), physics::FrameID::World());
      for (int j = 0; j < 3; ++j) {out[18 + 3 * i + j] = wrench.torque[j];}
    }
    const auto felt = sensor->GetTransmittedWrench();
    for (int i = 0; i < 3; ++i) {
      out[18 + 3 * n + i] = felt.force[i];
      out[21 + 3 * n + i] = felt.torque[i];
      out[i] = frame.pose.translation()[i];
      for (int j = 0; j < 3; ++j) {out[3 + 3 * i + j] = frame.pose.linear()(i, j);}
      out[12 + i] = frame.linearVelocity[i];
      out[15 + i] = frame.angularVelocity[i];
    }
    if (std::fwrite(answer.data(), sizeof(double), answer.size(), stdout) != answer.size()) {return 1;}
    std::fflush(stdout);
  }
  return 0;
}
