// The Python of the step rows.

/** A function that loads inputs into a module by torchvision's names. */
export const loadWeights = `def load(model):
    state = {}
    for name, value in inputs.items():
        if name in ("x", "labels"):
            continue
        state[name] = value.permute(3, 2, 0, 1) if value.dim() == 4 else value.T if value.dim() == 2 else value
    model.load_state_dict(state, strict=False)
    return model.to(memory_format=memory_format)
`

const resnet20 = `from torchvision.models.resnet import BasicBlock, conv1x1

def stage(into, out, stride):
    shortcut = torch.nn.Sequential(conv1x1(into, out, stride), torch.nn.BatchNorm2d(out)) if into != out else None
    return torch.nn.Sequential(BasicBlock(into, out, stride, shortcut), BasicBlock(out, out), BasicBlock(out, out))

class ResNet20(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.fc = torch.nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))

model = load(ResNet20())
`
const resnet18 = `import torchvision
model = load(torchvision.models.resnet18())
`
export const torchResnets = { 'ResNet-18': `${loadWeights}\n${resnet18}`, 'ResNet-20': `${loadWeights}\n${resnet20}` }

/** Linear layers with relu between them, from the inputs w0, b0, … */
export const torchMlp = `def mlp(first, count, activate=False):
    layers = []
    for i in range(first, first + count):
        w, b = inputs[f"w{i}"], inputs[f"b{i}"]
        layer = torch.nn.Linear(*w.shape)
        layer.weight.data, layer.bias.data = w.T.contiguous(), b
        layers.append(layer)
        if i < first + count - 1 or activate:
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)
`
